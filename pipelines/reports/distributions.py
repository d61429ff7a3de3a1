"""The part of the page that shows how measures are spread, where their bounds lie, and what a moved bound would do."""

from collections.abc import Iterator

from pipelines.reports import chart, measures
from pipelines.reports.facts import Facts, Stages
from pipelines.reports.markup import Html, details, join, number, paragraph, percent, prose, section, table, tag, text
from pipelines.reports.measures import Counts, Measure
from stages.census import label
from stages.params import Params

HOW = (
    "Each picture counts every document that was measured, by powers of ten. Where a bin lies outside the bounds it "
    "has the colour of what is rejected; the first and last bin also hold what lies beyond the axis. What if: the "
    "documents outside a bound by this rule, whatever other rules say of them; exact on the edges that the census "
    "counts on, and else given as the numbers it lies between."
)


def distributions(stages: Stages, params: Params) -> Html:
    """A picture and a table per measure: bounded ones first, then those that are measured and not held."""
    known = [(m, measures.counts(m, stages)) for m in measures.of(params, stages)]
    known = [(m, found) for m, found in known if found.total or found.undefined]
    if not known:
        return Html("")
    held = [_panel(m, found, stages) for m, found in known if m.held]
    free = [_panel(m, found, stages) for m, found in known if not m.held]
    rest = details(f"Measured, without a bound ({len(free)})", _grid(free)) if free else Html("")
    return section("distributions", "Distributions", prose(HOW), _grid(held), rest)


def _grid(panels: list[Html]) -> Html:
    return Html(f'<div class="grid">\n{join(panels)}</div>\n') if panels else Html("")


def _panel(measure: Measure, found: Counts, stages: Stages) -> Html:
    title = tag("h3", measure.name)
    where = f"{measure.table}, {number(found.total)} documents"
    undefined = f", undefined for {number(found.undefined)}" if found.undefined else ""
    note = f"; {measure.note}" if measure.note else ""
    words = paragraph(f"{where}{undefined}{note}", "soft")
    body = _flags(measure, found) if found.flags else _picture(measure, found)
    moved = "" if found.flags else "".join(_moved(measure, found, stages[measure.stage]))
    return Html(f'<div class="panel">{title}{words}{body}{moved}</div>\n')


def _flags(measure: Measure, found: Counts) -> Html:
    rows = [(key, found.flags[key], percent(found.flags[key], found.total)) for key in sorted(found.flags)]
    held = "Yes is rejected." if measure.high is not None and measure.high < 1 else "Yes or no."
    return table(held, ("Value", "Documents", "Share"), rows)


def _picture(measure: Measure, found: Counts) -> Html:
    bins, log = measures.drawn(found, measure)
    title = f"Documents by {measure.name}"
    rows = [(label(left), n, percent(n, found.total)) for left, n in sorted(found.bins.items()) if n]
    if found.below_all:
        rows.insert(0, ("below 0", found.below_all, percent(found.below_all, found.total)))
    counted = table("Documents from this value on, up to the next.", ("From", "Documents", "Share"), rows)
    picture = chart.histogram(title, bins, measure.low, measure.high, log=log)
    return join((picture, details("The counts", counted)))


def _moved(measure: Measure, found: Counts, holder: Facts) -> Iterator[Html]:
    """What if: one table per bound that is set."""
    for limit, key, lower in ((measure.low, measure.low_key, True), (measure.high, measure.high_key, False)):
        if limit is None:
            continue
        ending = "below" if lower else "above"
        # Quality decides about every document that is measured; the other stages about a part.
        known = measure.stage == "quality" and holder.ran and not holder.stale
        seen = holder.of("failed").get(f"{measure.name}_{ending}", 0) if known and _by_name(measure) else None
        rows = [_row(one, found, seen) for one in measures.moved(found, limit, lower=lower)]
        caption = join((tag("code", key), text(": what if")))
        yield table(caption, ("Bound", "Outside", "Share"), rows)


def _by_name(measure: Measure) -> bool:
    """Whether rules on it are named after it: the score of the language is a part of another rule."""
    return measure.name != "language_score"


def _row(one: measures.Moved, found: Counts, seen: int | None) -> tuple[object, ...]:
    """A bound between two edges has the number that the stage itself counted, or else the numbers it lies between."""
    name = tag("strong", f"{bound(one.bound)} now") if one.current else bound(one.bound)
    if one.least == one.most or (seen is not None and one.current):
        fail = one.least if one.least == one.most else seen
        return (name, fail, percent(fail or 0, found.total))
    return (name, f"{one.least:,} to {one.most:,}", f"{percent(one.least, found.total)} …")


def bound(value: float) -> str:
    """A bound in four digits, whole numbers in all of theirs."""
    return f"{int(value):,}" if value == int(value) else f"{value:,.4g}"
