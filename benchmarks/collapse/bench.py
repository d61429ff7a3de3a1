"""CollapseBench: what the gate says of planted and of benign sources, case by case.

    SLUICEGATE_CORPORA=<folder> python benchmarks/collapse/bench.py PART .run/collapse    # tuning, held_out, fresh, ...

Appends one line per case to <folder>/<part>.jsonl and skips the cases that are there, so that it may be stopped and
started again at any time. Cases come in an order of which every beginning is balanced: all families at all shares,
then once more at other severities, domains and seeds. A case is a source of SIZE (60,000 words) beside windows of
real text that share no chapter with it. A mixture at a share is judged as it is, as if nobody knew of what it is
made. In the parts `labelled`, `unseen` and `early` that is known: a source is judged alone, at several sizes, `unseen`
ones in domains and languages that nothing was tuned on. Lines hold every figure that verdicts and scores are made from,
so that table.py can judge them anew without the hours. Knows families; does not know which figures matter. CPU seconds
are printed and kept out of the lines.
"""

import argparse
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import generators as make
import yaml
from families import (
    BENIGN,
    DOMAINS,
    ENGLISH,
    FRESH_SEEDS,
    HELD_OUT_SEEDS,
    ONE_DOMAIN,
    OTHER_DOMAINS,
    PLANTED,
    TUNING_SEEDS,
    Case,
    benign,
    cases,
    check,
    paired,
    planted,
)
from frames import frame
from materials import split, unit

from stages.mix.assess import Assessment, assess, plain
from stages.mix.params import Collapse

SIZE = (1200, 6000)  # windows of the source, and of its reference
DRAWS = 99  # controls: half of the default, at a quarter of the time
TURNS = {"real": 6, "paired_llm": 1, "paired_human": 1}  # cases per turn of a benign family; others BENIGN_TURN
BENIGN_TURN = 3
EARLY = (1, 2, 3)  # generations of loops whose first detection is asked for
PAIRED = ("paired_llm", "paired_human")
LABELLED = {"labelled_10k": (200, 6000), "labelled_20k": (400, 6000), "labelled_60k": SIZE}
UNSEEN = {"unseen_10k": LABELLED["labelled_10k"], "unseen_60k": SIZE}  # less where a domain has less
ALONE = LABELLED | UNSEEN  # windows of a part; others SIZE
PARTS = ("tuning", "held_out", "fresh", *ALONE, "early")
SEEDS = {"tuning": TUNING_SEEDS, **dict.fromkeys(("fresh", *ALONE, "early"), FRESH_SEEDS)}  # others HELD_OUT_SEEDS


@dataclass(frozen=True)
class Key:
    """What names a case."""

    family: str
    severity: float
    share: float
    domain: str
    seed: int


def settings() -> Collapse:
    """Those of params.yaml, with half of the loop's mixture real, and DRAWS controls."""
    text = (Path(__file__).parents[2] / "params.yaml").read_text()
    found = Collapse.model_validate(yaml.safe_load(text)["mix"]["collapse"])
    canary = found.canary.model_copy(update={"real_share": 0.5})
    return found.model_copy(update={"draws": DRAWS, "canary": canary})


def keys(part: str) -> list[Key]:
    """The cases of a part, in the order in which they are run."""
    seeds = SEEDS.get(part, HELD_OUT_SEEDS)
    if part == "early":
        early = product(("loop",), EARLY, (1.0,), DOMAINS, seeds)
        return sorted((Key(*k) for k in early), key=lambda k: (_place(k.domain, k.seed), k.severity))
    pairs = [Key(family, 1, 1.0, "paired_human", seed) for family in PAIRED for seed in seeds]
    domains = OTHER_DOMAINS if part in UNSEEN else DOMAINS
    single = [Key(*k) for k in cases(seeds, held_out=part != "tuning", domains=domains)]
    single = [k for k in single if ONE_DOMAIN.get(k.family, k.domain) == k.domain]
    if part in ALONE:
        single, pairs = [k for k in single if k.share == 1 and k.family != "mislabelled"], []
    if part in UNSEEN:
        single = [k for k in single if k.family not in ENGLISH and (k.family, k.severity) != ("good_synthetic", 0)]
    return balanced(single + pairs)


def balanced(every: Iterable[Key]) -> list[Key]:
    """Turn by turn: a turn has one case per planted family and share, and TURNS of each benign family."""
    turns: list[tuple[int, float, Key]] = []
    cells: dict[tuple[str, float], dict[float, list[Key]]] = {}
    for k in every:
        cells.setdefault((k.family, k.share), {}).setdefault(k.severity, []).append(k)
    for (family, _), severities in cells.items():
        per_turn = TURNS.get(family, BENIGN_TURN if family in BENIGN else 1)
        for place, k in enumerate(_alternating(severities)):
            turns.append((place // per_turn, _place(*asdict(k).values()), k))
    return [k for *_, k in sorted(turns, key=lambda t: t[:2])]


def _alternating(severities: dict[float, list[Key]]) -> Iterator[Key]:
    """One of each severity after the other; the severity that begins differs from cell to cell."""
    ranked = {s: sorted(found, key=lambda k: _place(*asdict(k).values())) for s, found in severities.items()}
    for i in range(max(map(len, ranked.values()))):
        row = [found[i] for found in ranked.values() if i < len(found)]
        yield from sorted(row, key=lambda k: _place(k.severity, k.family, k.share, i))


def _place(*parts: object) -> float:
    return unit("order", *parts)


def case(key: Key, n: int) -> Case:
    """The source of a key, of n windows at most."""
    if key.family in PAIRED:
        return paired(key.family.removeprefix("paired_"), n, key.seed)
    if key.family in PLANTED:
        return planted(key.family, key.severity, key.share, key.domain, n, key.seed)
    return benign(key.family, key.severity, key.domain, n, key.seed)


def found(key: Key, size: tuple[int, int] = SIZE) -> Assessment:
    """Everything that is measured on a case."""
    one = case(key, size[0])
    bed = split(one.declared, one.seed)
    real = make.texts([*bed.real, *bed.reference, *bed.held_out])
    real = sorted(real, key=lambda text: unit("reference", key.seed, text))[: size[1]]
    origin = {"paired_llm": "paired_llm", "learners": "essays_human"}.get(key.family, one.declared)
    return assess(frame(one.source, one.declared, origin), frame(real, one.declared), settings(), 1.0)


def row(key: Key, measured: Assessment) -> dict[str, Any]:
    """A line. The loop's generations are left out: penalty and excess say what matters of them."""
    canary = plain(measured.canary)
    kept = None if canary is None else {n: v for n, v in canary.items() if n not in ("controls", "real_text", "kind")}
    return {"key": asdict(key), "alone": plain(measured.alone), "canary": kept}


def run(part: str, folder: Path, budget: float) -> None:
    """Run what is not there yet, until the budget of CPU seconds is spent."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{part}.jsonl"
    there = {Key(**json.loads(line)["key"]) for line in file.read_text().splitlines()} if file.exists() else set()
    every, start = keys(part), time.process_time()
    for k in every:
        if k in there or time.process_time() - start > budget:
            continue
        began = time.process_time()
        line = json.dumps(row(k, found(k, ALONE.get(part, SIZE))))
        with file.open("a") as out:
            out.write(line + "\n")
        there.add(k)
        print(f"{len(there)}/{len(every)} {k}: {time.process_time() - began:.1f} s", flush=True)


def main() -> None:
    """Run a part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", type=float, default=7200.0, help="CPU seconds")
    asked = parser.parse_args()
    check()
    os.nice(10)
    run(asked.part, asked.folder, asked.budget)


if __name__ == "__main__":
    main()
