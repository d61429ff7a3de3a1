"""The part of the page about cost: what lies on disk, which every run finds alike, and what this machine took for it.

Seconds, and what follows from them, differ from run to run. They are handed in apart, as `Clocked`, and stand on a page
outside data/, never in an output.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.files import read_json, read_lines
from pipelines.outputs import STAGES
from pipelines.reports.facts import Stages
from pipelines.reports.markup import Html, amount, details, join, paragraph, prose, section, table, tag
from stages.params import Report

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Clocked:
    """What a clock told: per family its last run, and what the plan had expected in seconds, if there was one."""

    rates: Sequence[Row]
    planned: Mapping[str, Any]


def read(run_dir: Path) -> Clocked | None:
    """The last row of each family in rates.jsonl, in the order of the stages; None where nothing was ever timed."""
    last: dict[tuple[str, str], Row] = {}
    for row in read_lines(run_dir / "rates.jsonl"):
        last[str(row.get("stage")), str(row.get("family"))] = row
    if not last:
        return None
    plan = read_json(run_dir / "plan.json")
    families = plan.get("families") if isinstance(plan, dict) else None
    ordered = sorted(last, key=lambda one: STAGES.index(one[0]) if one[0] in STAGES else len(STAGES))
    return Clocked([last[one] for one in ordered], families if isinstance(families, dict) else {})


def cost(stages: Stages, held: Report, clocked: Clocked | None) -> Html:
    """Rows and bytes of every table; where it is given, the time, energy and money that this machine took."""
    heads = ("Table", "Shards", "Rows", "Bytes")
    tables = details("Every table", table("Values in memory, before compression.", heads, _sizes(stages)))
    if not tables:
        return Html("")
    if clocked is None:
        where = Html(
            'Seconds, energy and money differ from run to run; they stand in <a href="../../.run/report.html#cost">'
        )
        return section(
            "cost", "Cost", tables, paragraph(join((where, Html(".run/report.html</a>, beside this page's parts."))))
        )
    return section("cost", "Cost", tables, _clocked(clocked, held))


def _sizes(stages: Stages) -> Iterator[tuple[object, ...]]:
    for facts in stages.values():
        refs = facts.manifest.refs if facts.manifest else ()
        for name in sorted({ref.table for ref in refs}):
            own = [ref for ref in refs if ref.table == name]
            yield name, len(own), sum(ref.rows for ref in own), amount(sum(ref.n_bytes for ref in own))


def _clocked(clocked: Clocked, held: Report) -> Html:
    how = (
        "Of each family the last time it had work to do: one that found its work done keeps its old row. Core-seconds "
        "are wall seconds times the lanes that worked side by side, idle ones included."
    )
    heads = (
        "Family",
        "Shards",
        "Rows",
        "Rows/s",
        "Read",
        "Written",
        "Wall s",
        "Lanes",
        "Core-s",
        "Peak MB",
        "Planned s",
    )
    rows = [_family(row, clocked.planned) for row in clocked.rates]
    core = sum(_core_seconds(row) for row in clocked.rates)
    figures = table("Measured.", heads, [*rows, ("all", *[None] * 7, round(core, 1), None, None)])
    return Html(
        f'<div class="clocked">{tag("h3", "This machine, this run")}{prose(how)}{figures}{estimate(core, held)}</div>\n'
    )


def _family(row: Row, planned: Mapping[str, Any]) -> tuple[object, ...]:
    name = f"{row.get('stage')}/{row.get('family')}"
    plan = planned.get(name)
    expected = plan.get("seconds") if isinstance(plan, dict) else None
    return (
        *(name, row.get("shards"), row.get("documents"), row.get("documents_per_second")),
        *(amount(row.get("input_bytes") or 0), amount(row.get("bytes") or 0), row.get("seconds"), row.get("lanes")),
        *(round(_core_seconds(row), 2), row.get("peak_mb"), expected),
    )


def _core_seconds(row: Row) -> float:
    """A row without lanes is counted as one: then the figure is a lower bound."""
    return float(row.get("seconds") or 0) * float(row.get("lanes") or 1)


def estimate(core_seconds: float, held: Report) -> Html:
    """Energy, carbon dioxide and money of so many core-seconds, at the rates of params.yaml."""
    hours = core_seconds / 3600
    kwh = hours * held.watts_per_core / 1000
    rows = [
        ("Core-hours", _figure(hours), ""),
        ("Energy", f"{_figure(kwh)} kWh", f"{held.watts_per_core:g} W per core"),
        ("Carbon dioxide", f"{_figure(kwh * held.grams_co2_per_kwh)} g", f"{held.grams_co2_per_kwh:g} g per kWh"),
        (
            "Money, owned: electricity alone",
            f"{_figure(kwh * held.kwh_price)} {held.currency}",
            f"{held.kwh_price:g} {held.currency} per kWh",
        ),
        (
            "Money, rented",
            f"{_figure(hours * held.core_hour_price)} {held.currency}",
            f"{held.core_hour_price:g} {held.currency} per core-hour",
        ),
    ]
    caption = "Estimated from the core-seconds at the rates of params.yaml, section report. Not measured by any meter."
    return table(caption, ("", "Estimate", "Rate"), rows)


def _figure(value: float) -> str:
    return f"{value:.3g}"
