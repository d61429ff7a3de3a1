"""What mixtures cost a small neural language model, beside what the collapse gate says of them.

The gate's canaries are trigrams. Here a model of another class (neural_model.py) is trained on a domain's real text and
a source, half and half, and asked about held-out real text of the domain; controls have in the source's place as much
fresh real text, or the same real text once more (as many steps). Harm is the mixture's loss less that of the control
with fresh real text, in nats per word. Mixtures, sizes and settings stood before any was trained; MIXTURES is run from
its beginning, as far as time allows. That effective real tokens rank harm better than the score was seen on the first
LOOKED_AT mixtures; what the others say of it is shown apart.

PyTorch is no dependency of the project; this benchmark has an environment of its own, which borrows from the project's:

    .venv/bin/python -m venv .run/torch && .run/torch/bin/pip install torch==2.13.0
    export SLUICEGATE_CORPORA=<folder>
    export PYTHONPATH=.:$(.venv/bin/python -c "import site; print(site.getsitepackages()[0])")
    .run/torch/bin/python benchmarks/collapse/neural.py train .run/neural      # some minutes; goes on where it stopped
    .venv/bin/python benchmarks/collapse/neural.py score .run/neural           # the gate's answers; goes on as well
    .venv/bin/python benchmarks/collapse/neural.py table .run/neural           # results/neural.json, and the table
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bench
import generators as make
import judged
import neural_rank
import numpy as np
from families import BENIGN, HELD_OUT_SEEDS, benign, paired, planted
from frames import frame
from materials import split, unit
from numpy.typing import NDArray

from stages.mix.assess import assess
from stages.mix.within import Comparison

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "neural.json"
WINDOWS = 1504  # of real text and of the source, at most: 75,200 tokens each
EPOCHS, HELD_OUT = 2, 2000
BANDS = {"once": (1, 2), "2-4": (2, 5), "5-19": (5, 20), "20+": (20, 10**9)}  # occurrences in the reference
EXTRA = {"all": (1, 10**9), "tail": (1, 5)}
CONTROLS = ("fresh", "alone")
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
        return self.seed in HELD_OUT_SEEDS


def _of(name: str, seed: int, *cases: tuple[str, float, float]) -> list[Mixture]:
    return [Mixture(family, severity, share, name, seed) for family, severity, share in cases]


MIXTURES = [
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


def size(m: Mixture) -> int:
    """Windows of real text, and of the source: a whole number of batches, and as much fresh real text besides.

    The pairs of people's and models' texts are few: fresh text are there people's answers to the models' prompts.
    """
    bed = split(m.domain, m.seed)
    most = len(bed.real) if m.domain == "paired_human" else min(len(bed.real) // 2, len(bed.pool))
    return min(WINDOWS, most) // 8 * 8


def source(m: Mixture) -> list[str]:
    """The windows that stand beside the real text, of a control as well. Fails where there are too few."""
    bed, n = split(m.domain, m.seed), size(m)
    if m.domain == "paired_human" and m.family != "alone":
        found = paired("llm" if m.family == "paired_llm" else "human", n, m.seed).source
    elif m.family in CONTROLS:
        start = n if m.family == "fresh" else 0
        found = make.texts(bed.real[start : start + n])
    elif m.family in BENIGN:
        found = benign(m.family, m.severity, m.domain, n, m.seed).source
    else:
        found = planted(m.family, m.severity, m.share, m.domain, n, m.seed).source
    if len(found) < n:
        raise ValueError(f"{m} has {len(found)} windows of {n}")
    return found[:n]


@dataclass(frozen=True)
class Words:
    """The words of a bed's reference by frequency, as ids from 2 on; `counts` by id."""

    ids: dict[str, int]
    counts: NDArray[np.int64]

    def encode(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Windows behind a 0; words outside are 1."""
        return np.array([[0, *(self.ids.get(w, 1) for w in text.split())] for text in texts], dtype=np.int64)


@cache
def words(name: str, seed: int) -> Words:
    """From reference text that neither models nor held-out text share."""
    counts = Counter(w for text in make.texts(split(name, seed).reference) for w in text.split())
    ranked = sorted(counts.items(), key=lambda found: (-found[1], found[0]))
    return Words({w: i for i, (w, _) in enumerate(ranked, 2)}, np.array([0, 0, *(c for _, c in ranked)]))


def order(n: int, seed: int) -> list[int]:
    """The places of n windows, each EPOCHS times, by a hash: the same for all mixtures of a bed."""
    return [i for epoch in range(EPOCHS) for i in sorted(range(n), key=lambda i: unit("order", seed, epoch, i))]


def trained(m: Mixture) -> dict[str, Any]:
    """Train on a mixture or control: nats per held-out word by band, and how many words there are."""
    import neural_model  # PyTorch is in an environment of its own

    bed, known = split(m.domain, m.seed), words(m.domain, m.seed)
    rows = known.encode([*make.texts(bed.real[: size(m)]), *source(m)])
    model = neural_model.fit(rows, order(len(rows), m.seed), len(known.counts), neural_model.Training())
    held = known.encode(make.texts(bed.held_out[:HELD_OUT]))
    found, counts = neural_model.losses(model, held), known.counts[held[:, 1:]]
    inside = {name: (counts >= low) & (counts < high) for name, (low, high) in (BANDS | EXTRA).items()}
    nats = {name: round(float(found[chosen].mean()), 5) for name, chosen in inside.items()}
    return {"nats": nats, "words": {name: int(chosen.sum()) for name, chosen in inside.items()}}


def measured(m: Mixture) -> dict[str, Any]:
    """What the gate measures on the source, as in CollapseBench: a line of which judged.py makes verdict and score."""
    bed = split(m.domain, m.seed)
    real = sorted(make.texts([*bed.real, *bed.reference]), key=lambda text: unit("reference", m.seed, text))
    origin = "paired_llm" if m.family == "paired_llm" else m.domain
    windows = frame(source(m), m.domain, origin), frame(real[: bench.REFERENCE], m.domain)
    return bench.row(bench.Key(**asdict(m)), assess(*windows, bench.settings(), 1.0))


def answer(line: dict[str, Any]) -> dict[str, Any]:
    """Verdict, score and its parts: effect sizes beside it. loss: the largest that is significant, 0 without one."""
    settings = bench.settings()
    found = judged.judged(line, settings).answer
    canary, alone = found.found.canary, found.found.alone
    lost = alone.lost(0.0, settings.alpha) if isinstance(alone, Comparison) else ()
    return {
        "mixture": line["mixture"], "score": _round(found.score), "corpus": _round(found.corpus),
        "canary": _round(found.canary), "loss": None if found.score is None else _round(lost[0].loss if lost else 0.0),
        "ert": {b: e.value for b, e in canary.ert.items()} if canary else {},
        "drop": canary.entropy_drop.value if canary and canary.entropy_drop else None,
        "verdict": found.verdict, "reasons": [r.code for r in found.reasons],
    }  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def run(kind: str, folder: Path, find: Callable[[Mixture], dict[str, Any]], wanted: Sequence[Mixture]) -> None:
    """Append to folder/<kind>.jsonl what is not there yet; CPU seconds go to the terminal alone."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{kind}.jsonl"
    there = {Mixture(**row["mixture"]) for row in neural_rank.read(file)}
    for m in wanted:
        if m in there:
            continue
        start = time.process_time()
        found = find(m)
        with file.open("a") as out:
            out.write(json.dumps({"mixture": asdict(m), **found}) + "\n")
        print(f"{kind} {m.family} {m.severity:g} @{m.share:g} {m.bed}: {time.process_time() - start:.1f} s", flush=True)


def with_controls() -> list[Mixture]:
    """All mixtures, those of a bed behind its controls."""
    beds = dict.fromkeys((m.domain, m.seed) for m in MIXTURES)
    return [
        m
        for name, seed in beds
        for m in [*_of(name, seed, *((c, 0, 1) for c in CONTROLS)), *(m for m in MIXTURES if m.bed == f"{name} {seed}")]
    ]


def main() -> None:
    """Train, score, or write the table."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "train":
        run("train", folder, trained, with_controls())
    elif what == "score":
        run("score", folder, measured, MIXTURES)
    else:
        said = [answer(line) for line in neural_rank.read(folder / "score.jsonl")]
        rows = neural_rank.rows(neural_rank.read(folder / "train.jsonl"), said, [asdict(m) for m in MIXTURES])
        first = [asdict(m) for m in MIXTURES[:LOOKED_AT]]
        asked = {
            "first mixtures": lambda m: m in first,
            "later mixtures": lambda m: m not in first,
            "tuning seeds": lambda m: not Mixture(**m).held_out,
            "held-out seeds": lambda m: Mixture(**m).held_out,
        }
        neural_rank.table(rows, asked, RESULTS)


if __name__ == "__main__":
    main()
