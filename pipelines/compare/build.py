"""The comparison as plain values: what the page shows and the JSON file holds. Same two runs, same values; no clock."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pipelines.compare import drift
from pipelines.compare.changes import Gone, between, tallies
from pipelines.compare.sides import Side
from pipelines.outputs import STAGES
from pipelines.stage import changed_keys
from pipelines.terminal import masked, safe
from stages import census
from stages.census import Count

NAMED = 100  # documents and hosts that are listed by name
# Tables whose rows are no documents, and columns that repeat what others measure.
NO_DOCUMENTS = ("mix/plan", "mix/shares", "mix/ngrams", "mix/declared", "mix/windows", "mix/assessments", "dedup/audit")
NO_MEASURES = ("value", "bound")
Values = dict[str, Any]


def compare(before: Side, after: Side) -> Values:
    """Both sides' funnel, recipe, languages, the documents that entered and left, and every distribution."""
    censuses = {stage: (before.census(stage), after.census(stage)) for stage in STAGES}
    return {
        "before": before.label,
        "after": after.label,
        "recipe": [line for line in map(_shown, changed_keys(before.params, after.params)) if line],
        "funnel": [_step(stage, before.ledger(stage), after.ledger(stage)) for stage in STAGES],
        "languages": _languages(*(_sum(side) for side in censuses["toxicity"])),
        "release": _release(before, after, {stage: tuple(map(_sum, pair)) for stage, pair in censuses.items()}),
        "distributions": [asdict_of(*one) for one in _distributions(censuses)],
        "resampling": {"resamples": drift.RESAMPLES, "alpha": drift.ALPHA},
    }


def _shown(text: str) -> str:
    return safe(masked(text), 200)


def _step(stage: str, before: Any, after: Any) -> Values:
    """A stage's totals, and documents and tokens of each reason, before and after; null where a side has no ledger."""
    sides = (before, after)
    totals = {unit: [_totals(side, unit) for side in sides] for unit in ("documents", "tokens")}
    names = sorted({name for side in sides for name in (side or {}).get("reasons", {})})
    reasons = {name: [side["reasons"].get(name, _NOTHING) if side else None for side in sides] for name in names}
    return {"stage": stage, **totals, "reasons": reasons}


_NOTHING = {"documents": 0, "tokens": 0}


def _totals(ledger: Any, unit: str) -> Any:
    return ledger[unit] if ledger else None


def _sum(side: Mapping[str, list[Count]] | None) -> list[Count] | None:
    if side is None:
        return None
    return census.add([c for c in counts if not c[0].startswith("hist:")] for counts in side.values())


def _languages(before: list[Count] | None, after: list[Count] | None) -> dict[str, list[Any]] | None:
    """Language -> [[documents, tokens] before, after] of the crawl, as toxicity kept them; null without a census."""
    if before is None or after is None:
        return None
    found = [_kept(side, "language") for side in (before, after)]
    tokens = [_kept(side, "language_tokens") for side in (before, after)]
    names = sorted({*found[0], *found[1]})
    return {_shown(n): [[found[i].get(n, 0), tokens[i].get(n, 0)] for i in (0, 1)] for n in names}


def _kept(counts: list[Count], metric: str) -> dict[str, int]:
    picked = census.pick(counts, metric)
    return {key.rpartition("|")[0]: n for key, n in picked.items() if key.endswith("|kept") and n}


def _release(before: Side, after: Side, sums: Mapping[str, tuple[Any, ...]]) -> Values:
    """What entered and left. `level`: documents (from the tables), census (differences of counts) or ledger."""
    try:
        found = between(before, after)
    except Gone as gone:
        level = "census" if all(one is not None for pair in sums.values() for one in pair) else "ledger"
        hosts = _hosts(*sums["toxicity"]) if level == "census" else []
        return {"level": level, "because": f"not at hand: {_shown(str(gone))}", "hosts": hosts}
    sides = {"entered": found.entered, "left": found.left}
    return {"level": "documents", "because": None} | {
        name: {
            "documents": rows.height,
            "tokens": int(rows["n_tokens"].sum()),
            "by": {key: _inert(tally) for key, tally in tallies(rows).items()},
            "first": _inert(rows.select("doc_id", "stage", "reason").head(NAMED).to_dicts()),
        }
        for name, rows in sides.items()
    }


def _inert(rows: list[Values]) -> list[Values]:
    return [{k: _shown(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows[:NAMED]]


def _hosts(before: list[Count], after: list[Count]) -> list[Values]:
    """Documents kept per host of the census' sample of hosts, where they differ, the largest difference first."""
    one, two = (_kept(side, "host") for side in (before, after))
    names = [n for n in sorted({*one, *two}) if one.get(n, 0) != two.get(n, 0)]
    names.sort(key=lambda n: (-abs(two.get(n, 0) - one.get(n, 0)), n))
    return [{"host": _shown(n), "before": one.get(n, 0), "after": two.get(n, 0)} for n in names[:NAMED]]


Pair = tuple[dict[str, list[Count]] | None, dict[str, list[Count]] | None]


def _distributions(censuses: Mapping[str, Pair]) -> Iterator[tuple[str, str, drift.Shift]]:
    """Every measured column of every stage, where both sides have their census."""
    for stage, (before, after) in censuses.items():
        if before is None or after is None:
            continue
        one, two = _histograms(before), _histograms(after)
        for column in sorted(set(one) & set(two)):
            found = drift.shift(one[column], two[column])
            if found is not None:
                yield stage, column, found


def _histograms(side: Mapping[str, list[Count]]) -> dict[str, dict[str, dict[str, int]]]:
    """Column, as `<table>.<column>` -> shard -> bins."""
    out: dict[str, dict[str, dict[str, int]]] = {}
    for shard, counts in side.items():
        for metric, key, n in counts:
            table, _, column = metric.removeprefix("hist:").rpartition(".")
            if metric.startswith("hist:") and table not in NO_DOCUMENTS and column not in NO_MEASURES:
                out.setdefault(metric.removeprefix("hist:"), {}).setdefault(shard, {})[key] = n
    return out


def asdict_of(stage: str, column: str, found: drift.Shift) -> Values:
    """A column's shift as values."""
    return {"stage": stage, "column": column, "moved": found.moved} | asdict(found)
