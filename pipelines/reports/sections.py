"""The parts of the page that tell how many: the funnel, reasons and their overlap, languages, input shards."""

from collections.abc import Iterable, Mapping

from pipelines.reports import chart
from pipelines.reports.facts import Facts
from pipelines.reports.markup import Html, details, join, paragraph, percent, section, table, tag, text
from stages import census
from stages.census import Count

MOST = 30  # rows of a table that are shown before the rest is summed up or left out
MOST_SHARDS = 200
STATES = (
    *("not-run", "stale", "closed", "open", "not-judged"),
    *("held", "failed", "could-not-run", "pass", "warn", "abstain", "refuse"),
)
Stages = Mapping[str, Facts]


def mark(state: str) -> Html:
    """A state as a small coloured word."""
    css = state.lower().replace(" ", "-")
    return Html(f'<span class="mark {css if css in STATES else "other"}">{text(state)}</span>')


def header(stages: Stages, body: Html) -> Html:
    """Title, what each stage's gate says, and links to the parts that the body has."""
    items = "".join(_state(facts) for facts in stages.values())
    links = "".join(f'<a href="#{anchor}">{name}</a>' for anchor, name in ANCHORS if f'id="{anchor}"' in body)
    lead = paragraph("How crawled pages became training text: what was kept, what was rejected, and why.", "soft")
    top = f"<header>\n<h1>Sluicegate quality report</h1>\n{lead}"
    return Html(f'{top}<ul class="states">\n{items}</ul>\n<nav>{links}</nav>\n</header>\n')


ANCHORS = (
    ("funnel", "Funnel"),
    ("reasons", "Reasons"),
    ("languages", "Languages"),
    ("shards", "Input shards"),
    ("collapse", "Collapse"),
    ("gates", "Gates"),
    ("recipe", "Recipe"),
)


def _state(facts: Facts) -> str:
    css = facts.state.replace(" ", "-")
    return f'<li class="{css}"><strong>{text(facts.stage)}</strong>{mark(facts.state)}{_note(facts)}</li>\n'


def _note(facts: Facts) -> Html:
    """Why a stage is not simply open."""
    if facts.stale:
        return paragraph(f"{', '.join(facts.stale)} moved since it ran", "soft")
    failed = [e for e in facts.verdict.get("expectations", []) if e.get("outcome") != "held"]
    if not failed:
        return Html("")
    what, many = ("warning" if facts.state == "open" else "unmet expectation"), "s" if len(failed) > 1 else ""
    return paragraph(f"{len(failed)} {what}{many}", "soft")


def funnel(stages: Stages) -> Html:
    """Documents and tokens over the stages, as a picture and as numbers."""
    ran = [facts for facts in stages.values() if facts.ran]
    if not ran:
        return section("funnel", "Funnel", paragraph("No stage has finished yet: run make repro."))
    pictures = [
        chart.funnel(f"{unit} by stage", [(f.stage, f.side(key)["kept"], f.side(key)["rejected"]) for f in ran])
        for unit, key in (("Documents", "rows"), ("Tokens", "tokens"))
    ]
    heads = ("Stage", "State", "Rows in", "Kept", "Rejected", "Keep rate", "Tokens in", "Tokens kept", "Share kept")
    numbers = table(
        "One row per stage. The rows of extract are records of the archives; mix is given synthetic rows too.",
        heads,
        map(_step, ran),
        (0, 1),
    )
    return section("funnel", "Funnel", *pictures, numbers)


def _step(facts: Facts) -> tuple[object, ...]:
    rows, tokens = facts.side("rows"), facts.side("tokens")
    counted = (rows["in"], rows["kept"], rows["rejected"], percent(rows["kept"], rows["in"]))
    return (
        *(facts.stage, mark(facts.state), *counted),
        *(tokens["in"], tokens["kept"], percent(tokens["kept"], tokens["in"])),
    )


def reasons(stages: Stages) -> Html:
    """Per stage: why rows left, in documents and tokens, and which rules failed together."""
    parts = [_reasons(facts) for facts in stages.values() if facts.ran]
    how = "A row leaves under the first rule it fails. Failed: under any rule; failed alone: under no other."
    return section("reasons", "Reasons", *([paragraph(how, "soft"), *parts] if parts else []))


def _reasons(facts: Facts) -> Html:
    picked = {m: census.pick(facts.counts, m) for m in ("reason", "reason_tokens", "failed", "alone", "pair")}
    found, total = picked["reason"], facts.side("rows")["in"]
    names = sorted({*picked["failed"], *found}, key=lambda n: (-found.get(n, 0), -picked["failed"].get(n, 0), n))
    if not names:
        return join((tag("h3", facts.stage), paragraph("Nothing was rejected.", "soft")))
    rows = [
        (n, found.get(n, 0), percent(found.get(n, 0), total), *(picked[m].get(n, 0) for m in _OVERLAP)) for n in names
    ]
    heads = ("Reason", "Documents", "Share of rows", "Tokens", "Failed", "Failed alone")
    pairs = [(*name.split("|", 1), picked["pair"][name]) for name in ranked(picked["pair"])[:10]]
    together = table("The ten most frequent pairs.", ("Rule", "and rule", "Documents"), pairs, (0, 1))
    return join(
        (
            tag("h3", facts.stage),
            table(f"Reasons of {facts.stage}.", heads, rows),
            details("Rules that failed together", together),
        )
    )


_OVERLAP = ("reason_tokens", "failed", "alone")


def ranked(counts: Mapping[str, int]) -> list[str]:
    """Names by count, the largest first, equal ones by name."""
    return sorted(counts, key=lambda name: (-counts[name], name))


def languages(stages: Stages) -> Html:
    """Documents per language after each stage. Synthetic text is not in it: its language is not measured."""
    ran = [f for f in stages.values() if f.ran and f.stage != "mix"]
    if not ran:
        return Html("")
    kept = {f.stage: _kept(f.counts, "language") for f in ran}
    tokens, first, last = _kept(ran[-1].counts, "language_tokens"), ran[0].stage, ran[-1].stage
    names = ranked({name: kept[first].get(name, 0) for name in set().union(*kept.values())})
    rows = [
        (
            n,
            *(kept[f.stage].get(n, 0) for f in ran),
            percent(kept[last].get(n, 0), kept[first].get(n, 0)),
            tokens.get(n, 0),
        )
        for n in names[:MOST]
    ]
    heads = ("Language", *(f"Kept by {f.stage}" for f in ran), "Keep rate", f"Tokens kept by {last}")
    caption = f"Keep rate: documents kept by {last} over documents extracted. {_left(len(names), MOST, 'languages')}"
    return section("languages", "Languages", table(caption, heads, rows))


def _kept(counts: Iterable[Count], metric: str) -> dict[str, int]:
    found = census.pick(counts, metric)
    return {key.rpartition("|")[0]: n for key, n in found.items() if key.endswith("|kept") and n}


def _left(total: int, shown: int, things: str) -> str:
    return f"The first {shown} of {total} {things}." if total > shown else ""


def shards(stages: Stages) -> Html:
    """Input shards: what each held and what is left of it. Of many, those of which least is left."""
    first = stages["extract"]
    ran = [f for f in stages.values() if f.ran]
    rows = {name: [_rows(f, name) for f in ran] for name in first.by_shard if _rows(first, name)["in"]}
    if not rows:
        return Html("")
    names = sorted(rows, key=lambda n: (rows[n][-1]["kept"] / rows[n][0]["in"], n))[:MOST_SHARDS]
    body = [_shard(name, rows[name]) for name in sorted(names)]
    heads = ("Shard", "Records", *(f"Kept by {f.stage}" for f in ran), "Left")
    left = f"Those {MOST_SHARDS} of {len(rows)} of which least is left." if len(rows) > MOST_SHARDS else ""
    caption = f"Left: rows that the last finished stage kept over records of the archive. {left}"
    return section("shards", "Input shards", table(caption, heads, body))


def _rows(facts: Facts, shard: str) -> dict[str, int]:
    found = census.pick(facts.by_shard.get(shard, []), "rows")
    return {side: found.get(side, 0) for side in ("in", "kept")}


def _shard(name: str, sides: list[dict[str, int]]) -> tuple[object, ...]:
    given = sides[0]["in"]
    return (name, given, *(side["kept"] for side in sides), percent(sides[-1]["kept"], given))
