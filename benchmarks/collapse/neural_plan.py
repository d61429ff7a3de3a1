"""Which mixtures neural.py trains on, in three rounds; each stood before any of its own was trained.

The figures by which the gate ranks harm (1 - effective real tokens, over all words and in the tail) were chosen on the
first LOOKED_AT mixtures of the first round. The second round has other beds, twice the text, a wider model and two
trainings of each: it can only confirm or refute. The third is of the second's size and asks what small shares cost:
every planted family twice at .1 and twice at .3, beside benign sources. Knows families and sizes; trains nothing.
"""

from dataclasses import dataclass

from families import TUNING_SEEDS

LOOKED_AT = 30


@dataclass(frozen=True)
class Mixture:
    """A family at a severity, `share` of the source from it; a control: its name as family, severity 0."""

    family: str
    severity: float
    share: float
    domain: str
    seed: int

    @property
    def bed(self) -> str:
        """What mixtures share with their controls."""
        return f"{self.domain} {self.seed}"

    @property
    def held_out(self) -> bool:
        """Whether its seed was kept from all tuning."""
        return self.seed not in TUNING_SEEDS


@dataclass(frozen=True)
class Round:
    """Windows of 50 words: of real text and of the source at most, and of what the gate holds a source against."""

    name: str
    mixtures: list[Mixture]
    windows: int
    reference: int
    width: int  # of the model
    trainings: int  # whose losses are averaged
    draws: int = 1  # of fresh text at most, whose losses are averaged: one moves a bed's cost in the tail by up to .09


def _of(name: str, seed: int, *cases: tuple[str, float, float]) -> list[Mixture]:
    return [Mixture(family, severity, share, name, seed) for family, severity, share in cases]


_FIRST = [
    *_of("brown", 1, ("sharpening", 0.6, 1), ("real", 0, 1), ("loop", 10, 0.5), ("copies", 10, 1),
         ("good_synthetic", 1, 1), ("truncation", 0.5, 1)),
    *_of("gutenberg", 101, ("nucleus", 0.8, 1), ("mislabelled", 10, 1), ("variety", 0, 1), ("substitution", 1, 0.5),
         ("templates", 4, 0.3), ("sharpening", 0.8, 0.3)),
    *_of("comments", 2, ("topic", 20, 1), ("templates", 40, 1), ("sharpening", 0.8, 0.5), ("loop", 3, 1),
         ("short_documents", 0, 1), ("copies", 3, 0.5)),
    *_of("movie_reviews", 102, ("mislabelled", 3, 1), ("nucleus", 0.9, 0.5), ("ocr", 0.03, 1), ("beginnings", 0, 1),
         ("copies", 30, 0.3), ("good_synthetic", 1, 1)),
    *_of("wikitext2", 3, ("loop", 10, 1), ("copies", 30, 0.5), ("sharpening", 0.9, 1), ("real", 0, 1),
         ("topic", 100, 0.3), ("good_synthetic", 0, 1)),
    *_of("brown", 103, ("substitution", 1, 1), ("sharpening", 0.6, 0.3), ("genre", 0, 1), ("truncation", 0.5, 1),
         ("ocr", 0.01, 1), ("templates", 4, 1)),
    *_of("paired_human", 1, ("paired_llm", 1, 1)),
    *_of("movie_reviews", 4, ("copies", 2, 1), ("loop", 5, 0.3), ("sharpening", 0.6, 0.1), ("topic", 100, 1),
         ("templates", 400, 1), ("short_documents", 0, 1)),
    *_of("comments", 104, ("nucleus", 0.8, 0.1), ("mislabelled", 10, 0.3), ("copies", 30, 1), ("good_synthetic", 1, 1),
         ("real", 0, 1), ("sharpening", 0.8, 1)),
    *_of("gutenberg", 5, ("truncation", 0.75, 1), ("sharpening", 0.9, 0.3), ("loop", 10, 0.1), ("templates", 40, 0.1),
         ("good_synthetic", 0, 1), ("topic", 5, 1)),
    *_of("wikitext2", 105, ("nucleus", 0.95, 1), ("substitution", 0.5, 1), ("real", 0, 1), ("copies", 10, 0.3),
         ("mislabelled", 5, 1), ("ocr", 0.03, 1)),
    *_of("paired_human", 101, ("paired_llm", 1, 1)),
]  # fmt: skip

_SECOND = [
    *_of("movie_reviews", 105, ("loop", 10, 1), ("sharpening", 0.8, 0.5), ("copies", 3, 0.5), ("nucleus", 0.9, 1),
         ("good_synthetic", 1, 1), ("truncation", 0.5, 0.5)),
    *_of("brown", 104, ("mislabelled", 10, 0.5), ("sharpening", 0.6, 0.3), ("templates", 400, 0.3), ("topic", 100, 0.5),
         ("real", 0, 1), ("nucleus", 0.95, 1)),
    *_of("gutenberg", 103, ("copies", 10, 0.3), ("loop", 3, 1), ("substitution", 0.5, 1), ("variety", 0, 1),
         ("templates", 40, 1), ("sharpening", 0.9, 1)),
    *_of("comments", 101, ("mislabelled", 3, 1), ("topic", 20, 0.3), ("nucleus", 0.8, 0.5), ("copies", 2, 0.5),
         ("ocr", 0.03, 1), ("loop", 10, 0.3)),
    *_of("brown", 102, ("good_synthetic", 0, 1), ("sharpening", 0.8, 1), ("copies", 30, 0.1), ("loop", 5, 1),
         ("genre", 0, 1), ("substitution", 1, 0.3)),
    *_of("gutenberg", 104, ("mislabelled", 10, 1), ("truncation", 0.2, 0.1), ("sharpening", 0.95, 1), ("topic", 5, 1),
         ("good_synthetic", 1, 1), ("templates", 4000, 1)),
    *_of("movie_reviews", 101, ("sharpening", 0.6, 1), ("copies", 10, 0.1), ("loop", 5, 0.5), ("real", 0, 1),
         ("templates", 4, 0.1), ("substitution", 1, 1)),
    *_of("comments", 103, ("loop", 10, 1), ("topic", 100, 0.1), ("good_synthetic", 0, 1), ("sharpening", 0.9, 0.3),
         ("nucleus", 0.98, 1), ("templates", 40, 0.3)),
]  # fmt: skip

_THIRD = [
    *_of("brown", 201, ("loop", 10, 0.1), ("sharpening", 0.6, 0.1), ("substitution", 1, 0.1), ("truncation", 0.2, 0.3),
         ("copies", 3, 0.3), ("mislabelled", 3, 0.3), ("real", 0, 1), ("good_synthetic", 1, 1)),
    *_of("gutenberg", 202, ("nucleus", 0.8, 0.1), ("templates", 4, 0.1), ("topic", 5, 0.1), ("loop", 5, 0.3),
         ("copies", 30, 0.3), ("substitution", 0.5, 0.3), ("variety", 0, 1), ("good_synthetic", 0, 1)),
    *_of("movie_reviews", 203, ("truncation", 0.2, 0.1), ("copies", 3, 0.1), ("mislabelled", 3, 0.1),
         ("sharpening", 0.9, 0.3), ("nucleus", 0.8, 0.3), ("topic", 100, 0.3), ("real", 0, 1), ("ocr", 0.03, 1)),
    *_of("comments", 204, ("sharpening", 0.9, 0.1), ("templates", 400, 0.1), ("copies", 30, 0.1), ("loop", 10, 0.3),
         ("truncation", 0.75, 0.3), ("substitution", 1, 0.3), ("ocr", 0.01, 1), ("good_synthetic", 1, 1)),
    *_of("brown", 205, ("mislabelled", 10, 0.1), ("topic", 100, 0.1), ("nucleus", 0.95, 0.1), ("templates", 4, 0.3),
         ("sharpening", 0.6, 0.3), ("topic", 5, 0.3), ("real", 0, 1), ("good_synthetic", 0, 1)),
    *_of("movie_reviews", 201, ("loop", 5, 0.1), ("truncation", 0.75, 0.1), ("substitution", 0.5, 0.1),
         ("mislabelled", 10, 0.3), ("nucleus", 0.95, 0.3), ("templates", 400, 0.3), ("real", 0, 1),
         ("good_synthetic", 1, 1)),
]  # fmt: skip

ROUNDS = {
    "first": Round("first", _FIRST, windows=1504, reference=6000, width=128, trainings=1),
    "second": Round("second", _SECOND, windows=3000, reference=9000, width=192, trainings=2, draws=3),
    "third": Round("third", _THIRD, windows=3000, reference=9000, width=192, trainings=2, draws=3),
}
