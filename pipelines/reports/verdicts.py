"""The parts of the page that tell what was judged: every gate in plain words, accepted runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.outputs import STAGES
from pipelines.reports import chart
from pipelines.reports.facts import Facts, Stages
from pipelines.reports.markup import Html, details, join, number, paragraph, percent, section, table, tag
from pipelines.reports.sections import mark

Values = Mapping[str, Any]


def flat(found: Values) -> list[tuple[str, object]]:
    """What is no mapping, at any depth, named by its path. No recursion: depth is the data's affair."""
    out: list[tuple[str, object]] = []
    todo = list(found.items())
    while todo:
        name, value = todo.pop(0)
        if isinstance(value, dict):
            todo = [(f"{name}.{key}", inner) for key, inner in value.items()] + todo
        else:
            out.append((name, value))
    return out


def gates(stages: Stages, accepted: Sequence[Values] | None) -> Html:
    """Every gate with what it expects; what is not met comes first. Then the runs that were accepted before."""
    own = [_page(facts) for facts in stages.values() if facts.ran]
    return section("gates", "Gates", *own, history(accepted)) if own else Html("")


def _page(facts: Facts) -> Html:
    return Html(f'<div class="gate" id="gate-{facts.stage}">\n{join(_gate(facts))}</div>\n')


def history(accepted: Sequence[Values] | None) -> Html:
    """Keep rates of the runs that were made a baseline, the latest last; None: said elsewhere."""
    if accepted is None:
        link = Html('<a href="../../.run/report.html#gates">')
        return paragraph(join((Html("Accepted runs stand in "), link, Html(".run/report.html</a>."))), "soft")
    rows = [row for row in accepted if row.get("stage") in STAGES and isinstance(row.get("documents"), dict)]
    if not rows:
        return paragraph("No run has been accepted as a baseline yet: pipelines.accept keeps one.", "soft")
    rates = {stage: [_rate(row) for row in rows if row["stage"] == stage] for stage in STAGES}
    picture = chart.lines("Keep rate by stage over accepted runs", [(s, v) for s, v in rates.items() if v])
    heads = ("Run", "Stage", "Gate", "Rows in", "Kept", "Keep rate", "Tokens kept", "Manifest")
    listed = table("Accepted runs, the latest first.", heads, map(_accepted, rows[-MOST_ACCEPTED:][::-1]), (0, 1, 2, 7))
    return join((tag("h3", "Accepted runs"), picture, details(f"{len(rows)} rows", listed)))


MOST_ACCEPTED = 200


def _rate(row: Values) -> float:
    given = row["documents"].get("in") or 0
    return row["documents"].get("kept", 0) / given if given else 0.0


def _accepted(row: Values) -> tuple[object, ...]:
    documents, tokens = row["documents"], row.get("tokens") or {}
    given, kept = documents.get("in", 0), documents.get("kept", 0)
    gate = mark("open" if row.get("open") is True else "closed")
    name = tag("code", str(row.get("manifest"))[:12])
    return (str(row.get("run")), row["stage"], gate, given, kept, percent(kept, given), tokens.get("kept", 0), name)


def _gate(facts: Facts) -> Iterator[Html]:
    found = facts.verdict.get("expectations")
    yield tag("h3", join((facts.stage, " ", mark(facts.state))))
    if not isinstance(found, list):
        yield paragraph("The gate has not judged what lies there now.", "soft")
        return
    bad = [e for e in found if e.get("outcome") != "held"]
    good = [e for e in found if e.get("outcome") == "held"]
    rest = (
        f"All {len(found)} expectations held." if not bad else f"{len(bad)} of {len(found)} expectations are not met."
    )
    yield paragraph(rest, "soft")
    yield table("Not met.", HEADS, map(_expectation, bad), range(len(HEADS)))
    yield details(f"The {len(good)} that held", table("Held.", HEADS, map(_expectation, good), range(len(HEADS))))
    yield _looked_at(facts.verdict.get("rows"))


HEADS = ("Expectation", "Outcome", "Observed", "Bound", "Key in params.yaml")


def _expectation(one: Values) -> tuple[object, ...]:
    named = join((one.get("words"), " ", tag("code", one.get("key"))))
    outcome = "warn" if one.get("severity") == "warning" and one.get("outcome") == "failed" else one.get("outcome")
    key = tag("code", one["param"]) if one.get("param") else "none: it is a law"
    return (named, mark(str(outcome)), _observed(one), one.get("bound"), key)


def _observed(one: Values) -> object:
    """A value, or the first rows at fault, each on its line."""
    seen = one.get("observed")
    if isinstance(seen, dict):
        return _pairs(seen)
    if not isinstance(seen, list):
        return seen
    rows = [tag("div", _pairs(row) if isinstance(row, dict) else str(row)) for row in seen]
    return join((f"{number(one.get('unexpected_count'))} rows at fault", *rows))


def _pairs(row: Values) -> str:
    return ", ".join(f"{name} = {'none' if value is None else number(value)}" for name, value in row.items())


def _looked_at(rows: object) -> Html:
    if not isinstance(rows, dict):
        return Html("")
    body = [(n, r.get("rows_checked"), r.get("rows_total")) for n, r in rows.items() if isinstance(r, dict)]
    return details(
        "What was looked at", table("Rows of each frame.", ("Frame", "Rows checked", "Rows there are"), body)
    )
