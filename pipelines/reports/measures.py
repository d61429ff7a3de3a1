"""Measures, the bounds that params.yaml holds them against, and what a moved bound would do. Numbers only, no markup.

A census has the counts of a measure on fixed edges, and how many values lie on each edge. So the documents below or
above an edge are known exactly, without reading a table, and for no other bound.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from pipelines.reports.facts import Stages
from stages.census import EDGES, label
from stages.params import Params

NEIGHBOURS = 3  # edges on either side of a bound
_FROM = {label(edge): edge for edge in EDGES}
Bin = tuple[float, float, int]


@dataclass(frozen=True)
class Measure:
    """One measured column. `census`: the stage that counted it; `stage`: the one that holds it; keys of params.yaml."""

    name: str
    table: str
    stage: str
    low: float | None = None
    high: float | None = None
    low_key: str = ""
    high_key: str = ""
    note: str = ""

    @property
    def census(self) -> str:
        """The stage whose census has it."""
        return self.table.split("/")[0]

    @property
    def held(self) -> bool:
        """Whether a bound is set."""
        return self.low is not None or self.high is not None


@dataclass(frozen=True)
class Counts:
    """A measure's counts. `bins` by their left edge; `on`: values equal to an edge; `flags`: of a yes-or-no measure."""

    bins: Mapping[float, int]
    on: Mapping[float, int]
    below_all: int
    undefined: int
    flags: Mapping[str, int]

    @property
    def total(self) -> int:
        """Documents with a value."""
        return sum(self.bins.values()) + self.below_all + sum(self.flags.values())

    def under(self, edge: float) -> int:
        """Documents whose value is less than an edge."""
        return self.below_all + sum(n for left, n in self.bins.items() if left < edge)

    def over(self, edge: float) -> int:
        """Documents whose value is greater than an edge."""
        return sum(n for left, n in self.bins.items() if left >= edge) - self.on.get(edge, 0)


def of(params: Params, stages: Stages) -> list[Measure]:
    """Every measure, in the order in which params.yaml holds it; those without a bound behind."""
    return [*_extract(params), *_quality(params, stages), *_later(params)]


def _extract(params: Params) -> Iterator[Measure]:
    held, before = params.extract, "extract.prefilter.min_words"
    yield Measure("n_words", "extract/look", "extract", held.prefilter.min_words, low_key=before, note="of the page")
    yield Measure("n_bytes", "extract/look", "extract", note="of the decoded page")
    bounds = (held.min_text_chars, held.max_text_chars, "extract.min_text_chars", "extract.max_text_chars")
    yield Measure("n_chars", "extract/documents", "extract", *bounds, note="of documents that were written")
    yield Measure("n_tokens", "extract/documents", "extract", note="of documents that were written")


def _quality(params: Params, stages: Stages) -> Iterator[Measure]:
    held = params.quality
    key, why = "quality.min_language_score", "a page in another language is rejected whatever its score"
    yield Measure("language_score", "extract/documents", "quality", held.min_language_score, low_key=key, note=why)
    start = "hist:quality/signals/"
    found = [metric.removeprefix("hist:") for metric in stages["quality"].sums if metric.startswith(start)]
    tables = {table.rpartition(".")[2]: table.rpartition(".")[0] for table in sorted(found)}
    for name in (*(n for n in held.signals if n in tables), *(n for n in tables if n not in held.signals)):
        bound = held.signals.get(name)
        low, high = (bound.min, bound.max) if bound else (None, None)
        keys = (f"quality.signals.{name}.min", f"quality.signals.{name}.max")
        yield Measure(name, tables[name], "quality", low, high, *keys)
    yield Measure(
        "quality_score", "quality/scores", "quality", held.min_quality_score, low_key="quality.min_quality_score"
    )


def _later(params: Params) -> Iterator[Measure]:
    held = params.toxicity
    note = "report-only: nothing is rejected by it" if held.report_only else "of all documents, survivors or not"
    key = "toxicity.max_score"
    yield Measure("toxicity_score", "toxicity/scores", "toxicity", None, held.max_score, high_key=key, note=note)
    yield Measure("n_tokens", "mix/documents", "mix", note="of released documents, after all edits")


def counts(measure: Measure, stages: Stages) -> Counts:
    """The measure's counts over all shards; without any where its stage has not run."""
    name = f"{measure.table}.{measure.name}"
    found, on = (stages[measure.census].of(f"{kind}:{name}") for kind in ("hist", "edge"))
    return Counts(
        {_FROM[key]: n for key, n in found.items() if key in _FROM},
        {_FROM[key]: n for key, n in on.items() if key in _FROM},
        found.get("below", 0),
        found.get("null", 0),
        {key: n for key, n in found.items() if key in ("true", "false")},
    )


@dataclass(frozen=True)
class Moved:
    """A bound and the documents that fail it, whatever other rules say: `least` to `most`, equal on an edge."""

    bound: float
    least: int
    most: int
    current: bool


def moved(found: Counts, bound: float, *, lower: bool) -> list[Moved]:
    """The bound, and those edges beside it that catch another number of documents, in ascending order."""
    fails = {edge: found.under(edge) if lower else found.over(edge) for edge in EDGES}
    steps = [edge for edge, before in zip(EDGES, (None, *EDGES)) if before is None or fails[edge] != fails[before]]
    less = [edge for edge in steps if edge < bound][-NEIGHBOURS:]
    more = [edge for edge in steps if edge > bound][:NEIGHBOURS]
    rows = [Moved(edge, fails[edge], fails[edge], False) for edge in (*less, *more)]
    return sorted([*rows, Moved(bound, *_between(fails, found.total, bound, lower), True)], key=lambda row: row.bound)


def _between(fails: Mapping[float, int], total: int, bound: float, lower: bool) -> tuple[int, int]:
    """The fewest and the most documents that can fail a bound: those of the edges around it."""
    before = [fails[edge] for edge in EDGES if edge <= bound][-1:] or [0 if lower else total]
    behind = [fails[edge] for edge in EDGES if edge >= bound][:1] or [total if lower else 0]
    return min(before + behind), max(before + behind)


def drawn(found: Counts, measure: Measure) -> tuple[list[Bin], bool]:
    """Bins for a picture, and whether its axis is logarithmic: shares as they are, sizes from 1 on by powers of ten.

    What lies beyond the axis is counted in its first or last bin.
    """
    bounds = [bound for bound in (measure.low, measure.high) if bound is not None]
    small = sum(n for left, n in found.bins.items() if left < 1)
    log = max(bounds) > 1 if bounds else 2 * small < sum(found.bins.values())
    return (_log(found), True) if log else (_linear(found), False)


def _linear(found: Counts) -> list[Bin]:
    edges = [edge for edge in EDGES if edge <= 1]
    bins = [(a, b, found.bins.get(a, 0)) for a, b in pairwise(edges)]
    over = sum(n for left, n in found.bins.items() if left >= 1)
    first, last = bins[0], bins[-1]
    return [(first[0], first[1], first[2] + found.below_all), *bins[1:-1], (last[0], last[1], last[2] + over)]


def _log(found: Counts) -> list[Bin]:
    """Five bins per power of ten: finer ones would stand empty between small integers."""
    edges = [edge for edge in EDGES if edge >= 1][::4]
    top = max((left for left in found.bins), default=1)
    used = [edge for edge in edges if edge <= top] or edges[:1]
    used.append(next((edge for edge in edges if edge > top), 10 * used[-1]))
    bins = [(a, b, sum(n for left, n in found.bins.items() if a <= left < b)) for a, b in pairwise(used)]
    small = found.below_all + sum(n for left, n in found.bins.items() if left < 1)
    return [(bins[0][0], bins[0][1], bins[0][2] + small), *bins[1:]]
