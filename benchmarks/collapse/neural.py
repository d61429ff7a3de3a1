"""What mixtures cost a small neural language model, beside what the collapse gate says of them.

The gate's canaries are trigrams. Here a model of another class (neural_model.py) is trained on a domain's real text and
a source, half and half, and asked about held-out real text of the domain; controls have in the source's place as much
fresh real text, or the same real text once more (as many steps). Harm is the mixture's loss less that of the controls
with fresh real text, on the mean over draws, in nats per word. Mixtures and sizes: neural_plan.py, in three rounds.

PyTorch is no dependency of the project; this benchmark has an environment of its own, which borrows from the project's:

    .venv/bin/python -m venv .run/torch && .run/torch/bin/pip install torch==2.13.0
    export SLUICEGATE_CORPORA=<folder>
    export PYTHONPATH=.:$(.venv/bin/python -c "import site; print(site.getsitepackages()[0])")
    .run/torch/bin/python benchmarks/collapse/neural.py train first .run/neural   # 20 minutes (others: 60); restartable
    .venv/bin/python benchmarks/collapse/neural.py score first .run/neural        # the gate's answers; restartable
    .venv/bin/python benchmarks/collapse/neural.py table first .run/neural        # results/neural-first.json; prints it
    .venv/bin/python benchmarks/collapse/neural.py later          # results/neural-later.json: the second and the third
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import bench
import generators as make
import judged
import neural_rank
import numpy as np
from families import BENIGN, benign, paired, planted
from frames import frame
from materials import Split, Window, split, unit
from neural_plan import LOOKED_AT, ROUNDS, Mixture, Round
from numpy.typing import NDArray

from stages.mix.assess import assess
from stages.mix.within import Comparison

RESULTS = Path(__file__).parent / "results"
EPOCHS, HELD_OUT = 2, 2000
BANDS = {"once": (1, 2), "2-4": (2, 5), "5-19": (5, 20), "20+": (20, 10**9)}  # occurrences in the reference
EXTRA = {"all": (1, 10**9), "tail": (1, 5)}


def size(m: Mixture, r: Round) -> int:
    """Windows of real text, and of the source: a whole number of batches, and as much fresh real text besides.

    The pairs of people's and models' texts are few: fresh text are there people's answers to the models' prompts.
    """
    bed = split(m.domain, m.seed)
    most = len(bed.real) if m.domain == "paired_human" else min(len(bed.real) // 2, len(bed.pool))
    return min(r.windows, most) // 8 * 8


def source(m: Mixture, r: Round) -> list[str]:
    """The windows that stand beside the real text, of a control as well. Fails where there are too few."""
    bed, n = split(m.domain, m.seed), size(m, r)
    if m.domain == "paired_human" and m.family != "alone":
        found = paired("llm" if m.family == "paired_llm" else "human", n, m.seed).source
    elif m.family == "alone":
        found = make.texts(bed.real[:n])
    elif m.family == "fresh":
        found = make.texts(_unread(bed, n)[n * int(m.severity) :])
    elif m.family in BENIGN:
        found = benign(m.family, m.severity, m.domain, n, m.seed).source
    else:
        found = planted(m.family, m.severity, m.share, m.domain, n, m.seed).source
    if len(found) < n:
        raise ValueError(f"{m} has {len(found)} windows of {n}")
    return found[:n]


def _unread(bed: Split, n: int) -> list[Window]:
    """Real text of a bed that is in no mixture; a draw of fresh text is n windows of it, one behind the other."""
    return [*bed.real[n:], *bed.teacher]


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


def order(n: int, seed: int, training: int) -> list[int]:
    """The places of n windows, each EPOCHS times, by a hash: the same for all mixtures of a bed."""
    epochs = range((training - 1) * EPOCHS, training * EPOCHS)
    return [i for epoch in epochs for i in sorted(range(n), key=lambda i: unit("order", seed, epoch, i))]


def trained(m: Mixture, r: Round) -> dict[str, Any]:
    """Train on a mixture or control: nats per held-out word by band, and how many words there are."""
    import neural_model  # PyTorch is in an environment of its own

    bed, known = split(m.domain, m.seed), words(m.domain, m.seed)
    rows = known.encode([*make.texts(bed.real[: size(m, r)]), *source(m, r)])
    held = known.encode(make.texts(bed.held_out[:HELD_OUT]))
    counts, found = known.counts[held[:, 1:]], np.zeros(held[:, 1:].shape)
    for t in range(1, r.trainings + 1):
        settings = replace(neural_model.Training(), width=r.width, seed=t)
        model = neural_model.fit(rows, order(len(rows), m.seed, t), len(known.counts), settings)
        found += neural_model.losses(model, held) / r.trainings
    inside = {name: (counts >= low) & (counts < high) for name, (low, high) in (BANDS | EXTRA).items()}
    nats = {name: round(float(found[chosen].mean()), 5) for name, chosen in inside.items()}
    return {"nats": nats, "words": {name: int(chosen.sum()) for name, chosen in inside.items()}}


def measured(m: Mixture, r: Round) -> dict[str, Any]:
    """What the gate measures on the source, as in CollapseBench: a line of which judged.py makes verdict and score."""
    bed = split(m.domain, m.seed)
    real = sorted(make.texts([*bed.real, *bed.reference]), key=lambda text: unit("reference", m.seed, text))
    origin = "paired_llm" if m.family == "paired_llm" else m.domain
    windows = frame(source(m, r), m.domain, origin), frame(real[: r.reference], m.domain)
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


def with_controls(r: Round) -> list[Mixture]:
    """All mixtures, a bed's behind its controls: r.draws of fresh text, or as many as there is text for."""
    out: list[Mixture] = []
    for m in r.mixtures:
        alone = replace(m, family="alone", severity=0, share=1)
        if alone not in out:
            n = size(m, r)
            draws = min(r.draws, len(_unread(split(m.domain, m.seed), n)) // n)
            out += [alone, *(replace(alone, family="fresh", severity=draw) for draw in range(max(1, draws)))]
        out.append(m)
    return out


def later() -> list[dict[str, Any]]:
    """The mixtures of the rounds on which nothing was chosen, as their tables have them."""
    files = [RESULTS / f"neural-{name}.json" for name in ("second", "third")]
    return [row for file in files for row in json.loads(file.read_text())["mixtures"]]


def table(r: Round, folder: Path) -> None:
    """The table of a round."""
    said = [answer(line) for line in neural_rank.read(folder / "score.jsonl")]
    rows = neural_rank.rows(neural_rank.read(folder / "train.jsonl"), said, [asdict(m) for m in r.mixtures])
    first = [asdict(m) for m in r.mixtures[:LOOKED_AT]]
    asked = {
        "first mixtures": lambda m: m in first,
        "later mixtures": lambda m: m not in first,
        "tuning seeds": lambda m: not Mixture(**m).held_out,
        "held-out seeds": lambda m: Mixture(**m).held_out,
    }
    neural_rank.table(rows, asked if r.name == "first" else {}, RESULTS / f"neural-{r.name}.json")


def main() -> None:
    """Train, score, or write a table."""
    what = sys.argv[1]
    if what == "later":
        neural_rank.table(later(), {}, RESULTS / "neural-later.json", mixtures=False)
        return
    r, folder = ROUNDS[sys.argv[2]], Path(sys.argv[3])
    if what == "train":
        run("train", folder, lambda m: trained(m, r), with_controls(r))
    elif what == "score":
        run("score", folder, lambda m: measured(m, r), r.mixtures)
    else:
        table(r, folder)


if __name__ == "__main__":
    main()
