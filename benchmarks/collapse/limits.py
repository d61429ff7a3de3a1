"""What could be found at all: gates that know what no gate can, held against CollapseBench's goals.

    python benchmarks/collapse/limits.py [.run/collapse]    # prints it, and writes results/limits.json

Without the folder of lines hindsight stays as it was found.

- cost: ranks sources by what their mixtures cost a neural model, as neural.py measured it in nats per word. Where it
  misses a goal, the goal asks for something else than harm.
- costly: the other way round, how well the gate's own harm tells mixtures that cost more than so many nats per word
  from all others, whatever they are called. Mixtures of the rounds that had no part in choosing the figure.
- hindsight: knows the family of every planted source, and has the one figure, in the one direction, that tells this
  family from benign sources best on the very cases that it is asked for. Where it misses a goal, no gate that looks at
  these figures one at a time reaches it, whatever its bounds; sums of them are another matter, and a regression over
  all of them is in DECISIONS.

Reads lines and results, runs nothing. Does not know which figures the gate uses.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measures
from bench import settings
from families import BENIGN, PLANTED
from judged import Judged, read
from neural_plan import ROUNDS
from table import RESULT, UNLIKE, rounded

from stages.mix.within import Comparison

SHARES = (0.1, 0.3, 1.0)
COSTS = {"all": (0.03, 0.05, 0.1), "tail": (0.05, 0.1, 0.2)}  # words -> nats above which a mixture is costly
Json = dict[str, Any]
Figures = dict[str, float]
Scores = list[tuple[str, float]]  # bed, score


def cost(mixtures: Sequence[Json]) -> Json:
    """By share and words: the area under the curve of the cost itself, of planted beside benign mixtures."""
    return {str(q): {words: _cost(mixtures, q, words) for words in COSTS} for q in SHARES}


def _cost(mixtures: Sequence[Json], share: float, words: str) -> Json:
    known = [(m["mixture"], m["harm"][words]) for m in mixtures]
    bad = [(_bed(m), nats) for m, nats in known if m["family"] in PLANTED and m["share"] == share]
    good = [(_bed(m), nats) for m, nats in known if m["family"] in BENIGN]
    alike = [(_bed(m), nats) for m, nats in known if m["family"] in BENIGN and m["family"] not in UNLIKE]
    return {"planted": len(bad), "benign": len(good), **_areas(bad, good, alike)}


def costly(mixtures: Sequence[Json]) -> Json:
    """By words and bound: the area under the curve of 1 - effective real tokens over these words, and its interval."""
    out: Json = {}
    for words, bounds in COSTS.items():
        judged = [m for m in mixtures if m["ert"].get(words) is not None]
        known = [(_bed(m["mixture"]), m["harm"][words], 1 - m["ert"][words]) for m in judged]
        for bound in bounds:
            bad, good = ([(b, harm) for b, nats, harm in known if (nats > bound) is c] for c in (True, False))
            found, spread = _area(bad, good)
            out.setdefault(words, {})[str(bound)] = {"n": len(bad), "others": len(good), "auc": found, "auc_95": spread}
    return out


def _bed(mixture: Json) -> str:
    return f"{mixture['domain']} {mixture['seed']}"


def _areas(bad: Scores, good: Scores, alike: Scores) -> Json:
    (one, first), (two, second) = _area(bad, good), _area(bad, alike)
    return {"auc": one, "auc_95": first, "auc_alike": two, "auc_alike_95": second}


def _area(bad: Scores, good: Scores) -> tuple[Any, Any]:
    """The area under the curve, and its interval."""
    found, spread = measures.auc([s for _, s in bad], [s for _, s in good]), measures.auc_interval(bad, good)
    return rounded(found), rounded(spread)


def hindsight(known: Sequence[tuple[Judged, Figures]]) -> Json:
    """By share: the best figure of each family with its area under the curve, and their mean; the score's beside."""
    good = [f for j, f in known if j.kind == "benign"]
    out: Json = {}
    for q in SHARES:
        rows = {n: [f for j, f in known if (j.key.family, j.key.share) == (n, q)] for n in PLANTED}
        found = {n: {"n": len(bad), **best(bad, good)} for n, bad in rows.items() if bad}
        means = {k: round(sum(f[k] for f in found.values()) / len(found), 4) for k in ("auc", "score") if found}
        out[str(q)] = {"mean": means, "families": found}
    return out


def figures(one: Judged) -> Figures:
    """Everything that a line has: deviations and losses of all statistics, what a token is worth, keys, the score."""
    found, canary = one.answer.found.alone, one.answer.found.canary
    assert isinstance(found, Comparison) and canary is not None and one.answer.score is not None
    out = {f"{f.name}, deviation": f.deviation for f in found.findings}
    out |= {f"{f.name}, loss": f.loss or 0.0 for f in found.findings}
    out |= {f"worth, {b}": 1.0 if e.value is None else e.value for b, e in canary.ert.items()}
    return out | {"canary": canary.score or 0.0, "score": one.answer.score}


def best(bad: Sequence[Figures], good: Sequence[Figures]) -> Json:
    """The figure whose area under the curve lies farthest from a half, that area, and that of the score."""
    areas = {n: measures.auc([b[n] for b in bad], [g[n] for g in good]) or 0.0 for n in bad[0]}
    either = {n: max(area, 1 - area) for n, area in areas.items()}
    name = max(either, key=lambda n: either[n])
    return {"figure": name, "auc": round(either[name], 4), "score": round(areas["score"], 4)}


def main() -> None:
    """Print all and write it."""
    file = RESULT.with_name("limits.json")
    if len(sys.argv) > 1:
        parts = [Path(sys.argv[1]) / f"{part}.jsonl" for part in ("tuning", "held_out", "fresh")]
        every = [j for lines in parts for j in read(lines, settings())]
        known = hindsight([(j, figures(j)) for j in every if j.answer.score is not None])
    else:
        known = json.loads(file.read_text())["hindsight"]
    results = {n: json.loads(RESULT.with_name(f"neural-{n}.json").read_text())["mixtures"] for n in ROUNDS}
    mixtures = [m for rows in results.values() for m in rows]
    unseen = [m for name in ("second", "third") for m in results[name]]
    found = {"cost": cost(mixtures), "costly": costly(unseen), "hindsight": known}
    file.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
