"""`python -m benchmarks.extract.flips`: what does the cheap look reject that the whole pipeline would keep?

Every page of the public sets, and of the archives beside them, is looked at and extracted. Turning one away early is
wrong if the main text would have passed the bounds of quality that the look anticipates: language (at params.yaml's
min_language_score) and word count. Printed with the 95 % upper bound of the share of wrong ones (exact, one-sided).
"""

import hashlib
import logging
from collections.abc import Sequence

from benchmarks.extract.corpora import Sample, archived, read
from pipelines import context
from stages.extract import engine
from stages.extract import html as pages
from stages.extract.languages import foreign
from stages.fasttext_models import top_label
from stages.tokens import count_tokens

logging.disable(logging.CRITICAL)
# `own`: each page held against the language of its main text alone, the list that leaves it least room.
SETS = ("html/wcxb", "html/daniel-sample", "html/trafilatura-eval", "html/formasaurus", "crawl")
KEPT: dict[str, tuple[str, ...]] = {
    "ten": ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "ru"),
    "en": ("en",),
    "de": ("de",),
    "own": (),
}
MIN_WORDS = 50  # quality's; the look holds half of it


def upper(wrong: int, n: int) -> float:
    """The share that would give at most `wrong` of `n` with a probability of 5 %."""
    from math import comb

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        at_most = sum(comb(n, k) * middle**k * (1 - middle) ** (n - k) for k in range(wrong + 1))
        low, high = (middle, high) if at_most > 0.05 else (low, middle)
    return high


def main() -> None:
    """Print one line per set and list of languages."""
    params = context.load().params
    model = params.input.models["language"].path
    print("| set | kept | pages | rejected in the end | early: language | early: words | wrong | 95 % upper bound |")
    print("|---" * 8 + "|")
    every: dict[str, list[tuple[int, int, int, int, int]]] = {}
    seen: set[bytes] = set()
    for name in (*SETS, "real-warcs"):
        samples = read(name) if name in SETS else archived(seen)
        seen |= {hashlib.sha256(s.body).digest() for s in samples}
        looks = [pages.look(pages.read(s.body, s.charset), 400_000, 1000) for s in samples]
        texts = [_text(s) for s in samples]
        tokens = [int(n) for n in count_tokens(texts)]
        spoken = top_label(model, texts)
        by_words = [look.n_words is not None and look.n_words < MIN_WORDS / 2 for look in looks]
        for label, kept in KEPT.items():
            own = [kept or (lang,) for lang, _ in spoken]
            passes = [lang in one and p >= 0.5 and n >= MIN_WORDS for (lang, p), n, one in zip(spoken, tokens, own)]
            by_language = [foreign(model, [look], one)[0] is not None for look, one in zip(looks, own)]
            _show(name, label, row := _row(passes, by_language, by_words))
            every.setdefault(label, []).append(row)
    for label, rows in every.items():
        _show("all", label, tuple(map(sum, zip(*rows))))


def _text(sample: Sample) -> str:
    return engine.main_text(pages.read(sample.body, sample.charset), sample.url).text


def _row(
    passes: Sequence[bool], by_language: Sequence[bool], by_words: Sequence[bool]
) -> tuple[int, int, int, int, int]:
    early = [one or other for one, other in zip(by_language, by_words)]
    wrong = sum(one and other for one, other in zip(passes, early))
    return len(passes), passes.count(False), sum(by_language), sum(by_words), wrong


def _show(name: str, label: str, row: Sequence[int]) -> None:
    print(f"| {name} | {label} | {' | '.join(map(str, row))} | {upper(row[4], row[0]):.4f} |", flush=True)


if __name__ == "__main__":
    main()
