"""CollapseBench's table from the lines of bench.py: what the score finds, what it accuses wrongly, with 95 % intervals.

    python benchmarks/collapse/table.py .run/collapse            # prints it, and writes results/bench.json

The threshold is read from the benign cases of the tuning seeds and applied to all others: at most one in twenty of the
former lies above it. Beside every figure over families stands that of the worst one. n is the number of cases that were
judged; those that the gate abstained from are counted apart, as neither found nor accused. Reads lines, runs nothing.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measures
from bench import settings
from families import BENIGN, PLANTED, SHARES
from judged import Judged, read

from stages.mix.verdict import SEVERITY, score
from stages.mix.within import Comparison

RESULT = Path(__file__).with_name("results") / "bench.json"
Json = dict[str, Any]
GROUPS: dict[str, Callable[[Judged], bool]] = {
    "tuning seeds": lambda j: j.seeds == "tuning" and not j.held_out_family,
    "held-out seeds": lambda j: j.seeds == "held-out" and not j.held_out_family,
    "held-out seeds and families": lambda j: j.seeds == "held-out" and j.held_out_family,
    "fresh seeds": lambda j: j.seeds == "fresh" and not j.held_out_family,
    "fresh seeds, held-out families": lambda j: j.seeds == "fresh" and j.held_out_family,
}
UNLIKE = ("good_synthetic", "learners")  # not people's text of the kind that is declared; auc_alike goes without
GOALS = {0.1: {"auc": 0.90, "tpr": 0.75}, 0.3: {"auc": 0.97, "tpr": 0.95}}
PROTOTYPE = {0.1: {"auc": 0.66, "tpr": 0.31}, 0.3: {"auc": 0.89, "tpr": 0.75}, 1.0: {"auc": 0.98, "tpr": 0.94}}


def scores(found: Iterable[Judged]) -> list[tuple[str, float]]:
    """(bed, score) of those that were judged."""
    return [(j.bed, j.answer.score) for j in found if j.answer.score is not None]


@dataclass(frozen=True)
class Bounds:
    """Thresholds: from all benign cases of the tuning seeds, and from those without UNLIKE."""

    all: float
    alike: float


def bounds(every: Iterable[Judged]) -> Bounds:
    """Thresholds from the cases that tuning could see."""
    good = [j for j in every if j.kind == "benign" and j.seeds == "tuning"]
    alike = [j for j in good if j.key.family not in UNLIKE]
    return Bounds(*(measures.threshold([s for _, s in scores(side)]) for side in (good, alike)))


def cell(bad: Sequence[Judged], good: Sequence[Judged], bound: Bounds) -> Json:
    """Harmful cases beside others."""
    ours, others = scores(bad), scores(good)
    alike = scores(j for j in good if j.key.family not in UNLIKE)
    return {
        "cases": len(bad),
        "n": len(ours),
        "auc": rounded(measures.auc([s for _, s in ours], [s for _, s in others])),
        "auc_95": rounded(measures.auc_interval(ours, others)),
        "auc_alike": rounded(measures.auc([s for _, s in ours], [s for _, s in alike])),
        "auc_alike_95": rounded(measures.auc_interval(ours, alike)),
        "tpr": _above(ours, bound.all),
        "tpr_alike": _above(ours, bound.alike),
        "verdicts": verdicts(bad),
    }


def _above(found: Sequence[tuple[str, float]], bound: float) -> Any:
    return rounded(measures.share(sum(s > bound for _, s in found), len(found)))


def accused(good: Sequence[Judged], bound: Bounds) -> Json:
    """Cases that ought not to be found, and how many are."""
    ours = scores(good)
    return {
        "cases": len(good),
        "n": len(ours),
        "above": _above(ours, bound.all),
        "above_alike": _above(ours, bound.alike),
        "refused": rounded(measures.share(sum(j.answer.verdict == "REFUSE" for j in good), len(good))),
        "verdicts": verdicts(good),
    }


def verdicts(found: Iterable[Judged]) -> dict[str, int]:
    """How often each verdict was given."""
    counted = Counter(j.answer.verdict for j in found)
    return {v: counted[v] for v in SEVERITY if counted[v]}


def rounded(value: Any) -> Any:
    """A figure, or an interval as a list, to four digits; null stays."""
    if isinstance(value, float):
        return round(value, 4)
    return [rounded(v) for v in value] if isinstance(value, tuple) else value


def table(every: Sequence[Judged]) -> Json:
    """Everything, as results/bench.json has it."""
    bound = bounds(every)
    return {
        "threshold": {"all": round(bound.all, 4), "alike": round(bound.alike, 4)},
        "groups": {name: group([j for j in every if chosen(j)], every, bound) for name, chosen in GROUPS.items()},
        "apart": {f: accused([j for j in every if j.key.family == f], bound) for f in ("paired_llm", "paired_human")},
        "severities": severities([j for j in every if j.seeds != "tuning"], bound.all),
        "p_values": calibration([j for j in every if j.key.family == "real"]),
        "undeclared": undeclared(),
        "goals": {str(q): goal for q, goal in GOALS.items()},
        "prototype": {str(q): found for q, found in PROTOTYPE.items()},
    }


def group(mine: Sequence[Judged], every: Sequence[Judged], bound: Bounds) -> Json:
    """A group's planted cells by share and family, beside all benign cases of the same seeds; its benign families."""
    seeds = {j.key.seed for j in mine}
    good = [j for j in every if j.kind == "benign" and j.key.seed in seeds]
    bad = [j for j in mine if j.kind == "planted"]
    names = [f for f in PLANTED if any(j.key.family == f for j in bad)]
    at = {q: [j for j in bad if j.key.share == q] for q in SHARES}
    own = [j for j in mine if j.key.family in BENIGN]
    return {
        "all": {str(q): cell(found, good, bound) for q, found in at.items()},
        "families": {
            f: {str(q): cell([j for j in found if j.key.family == f], good, bound) for q, found in at.items()}
            for f in names
        },
        "benign": {
            f: accused([j for j in own if j.key.family == f], bound)
            for f in BENIGN
            if any(j.key.family == f for j in own)
        },
        "all_benign": accused(own, bound),
    }


def severities(found: Sequence[Judged], bound: float) -> Json:
    """By family and severity: per share how many of how many were found, and the smallest share with all found."""
    out: Json = {}
    for family, every in PLANTED.items():
        for severity in every:
            own = [j for j in found if (j.key.family, j.key.severity) == (family, severity)]
            at = {q: [s > bound for _, s in scores(j for j in own if j.key.share == q)] for q in SHARES}
            rates = {q: [sum(hits), len(hits)] for q, hits in at.items() if hits}
            least = [q for q in rates if all(2 * hits >= n for p, (hits, n) in rates.items() if p >= q)]
            out[f"{family} {severity:g}"] = {
                "found": {str(q): rate for q, rate in rates.items()},
                "smallest_share": min(least, default=None),
            }
    return out


def calibration(real: Sequence[Judged]) -> Json:
    """The smallest family-wise p-value of real text beside real text of its domain, against uniform ones."""
    own = [j.answer.found.alone for j in real]
    found = [min(f.p for f in a.findings if f.p is not None) for a in own if isinstance(a, Comparison)]
    hits = {str(level): sum(p <= level for p in found) for level in (0.05, 0.1, 0.25, 0.5)}
    return {
        "n": len(found),
        "excess_and_its_5_percent_bound": rounded(measures.uniform_distance(found)),
        "at_or_below": hits,
    }


def undeclared() -> Json:
    """What the gate says where no reference is declared, whatever the text: it looks at none."""
    import polars as pl

    answer = score(pl.DataFrame(), None, settings())
    return {"verdict": answer.verdict, "reasons": [r.code for r in answer.reasons]}


def lines(found: Json) -> Iterable[str]:
    """The table as Markdown."""
    for name, own in found["groups"].items():
        yield f"\n{name}\n\n{head('planted', 'share', 'n', 'AUC', 'AUC, alike', 'TPR', 'TPR, alike', 'verdicts')}"
        for family, cells in ({"all": own["all"]} | own["families"]).items():
            yield from (f"| {family} | {q} | {cell_line(c)} |" for q, c in cells.items() if c["cases"])
        yield f"\n{head('benign', 'n', 'above the threshold', 'above that of alike', 'verdicts')}"
        for family, c in ({"all": own["all_benign"]} | own["benign"]).items():
            both = f"{rate(c['above'])} | {rate(c['above_alike'])}"
            yield f"| {family} | {c['n']} of {c['cases']} | {both} | {counted(c['verdicts'])} |"
    rest = {n: found[n] for n in ("threshold", "apart", "p_values", "undeclared")}
    yield "\n" + json.dumps(rest, indent=1)


def head(*names: str) -> str:
    """The head of a Markdown table."""
    return f"| {' | '.join(names)} |\n{'|---' * len(names)}|"


def cell_line(c: Json) -> str:
    """A cell as columns of a Markdown table."""
    areas = [_area(c[name], c[f"{name}_95"]) for name in ("auc", "auc_alike")]
    return " | ".join([str(c["n"]), *areas, rate(c["tpr"]), rate(c["tpr_alike"]), counted(c["verdicts"])])


def _area(value: float | None, spread: Sequence[float] | None) -> str:
    interval = "" if spread is None else f" [{spread[0]:.2f}, {spread[1]:.2f}]"
    return "" if value is None else f"{value:.2f}{interval}"


def rate(found: Sequence[float] | None) -> str:
    """A share and its interval."""
    return "" if found is None else f"{found[0]:.2f} [{found[1]:.2f}, {found[2]:.2f}]"


def counted(found: dict[str, int]) -> str:
    """Verdicts and how often each was given."""
    return ", ".join(f"{n} {verdict}" for verdict, n in found.items())


def main() -> None:
    """Print the table and write it."""
    folder, now = Path(sys.argv[1]), settings()
    every = [j for part in ("tuning", "held_out", "fresh") for j in read(folder / f"{part}.jsonl", now)]
    found = table(every)
    found["cases"] = dict(Counter(j.seeds for j in every))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main()
