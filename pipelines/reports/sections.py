"""The parts of the page that tell how many: the head, the funnel, reasons and their overlap, sources and shards."""

from collections.abc import Mapping

from pipelines.reports import chart
from pipelines.reports.facts import Facts, Stages
from pipelines.reports.markup import Html, bar, details, join, paragraph, percent, prose, section, table, tag, text

MOST_PAIRS = 15
MOST_SHARDS = 200
STATES = (
    *("not-run", "stale", "closed", "open", "not-judged"),
    *("held", "failed", "could-not-run", "pass", "warn", "abstain", "refuse"),
)


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
    ("distributions", "Distributions"),
    ("languages", "Languages"),
    ("hosts", "Hosts"),
    ("examples", "Examples"),
    ("duplicates", "Duplicates"),
    ("toxicity", "Toxicity"),
    ("collapse", "Collapse"),
    ("gates", "Gates"),
    ("shards", "Input"),
    ("cost", "Cost"),
    ("recipe", "Recipe"),
)


def _state(facts: Facts) -> str:
    css = facts.state.replace(" ", "-")
    name = f'<a href="#gate-{facts.stage}">{text(facts.stage)}</a>' if facts.ran else text(facts.stage)
    return f'<li class="{css}"><strong>{name}</strong>{mark(facts.state)}{_note(facts)}</li>\n'


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
    heads = ("Stage", "State", "Rows in", "Kept", "Rejected", "Keep rate", "Tokens in", "Tokens kept", "Share")
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
    """Per stage: why rows left, in documents and tokens, what each rule takes alone, and which fail together."""
    parts = [_reasons(facts) for facts in stages.values() if facts.ran]
    how = (
        "A row leaves under the first rule it fails, in the order of params.yaml. Failed: rows that fail the rule, "
        "whatever else they fail. Alone: rows that fail no other; they alone would come back if the rule were gone."
    )
    return section("reasons", "Reasons", *([prose(how), *parts] if parts else []))


def _reasons(facts: Facts) -> Html:
    found, failed, total = facts.of("reason"), facts.of("failed"), facts.side("rows")["in"]
    names = sorted({*failed, *found}, key=lambda n: (-found.get(n, 0), -failed.get(n, 0), n))
    if not names:
        return join((tag("h3", facts.stage), paragraph("Nothing was rejected.", "soft")))
    most = max(found.values(), default=0)
    rows = [_reason(name, facts, most, total) for name in names]
    heads = ("Reason", "", "Documents", "Share of rows", "Tokens", "Failed", "Alone")
    parts = (tag("h3", facts.stage), table(f"Reasons of {facts.stage}.", heads, rows, (0, 1)))
    return join((*parts, details("Rules that fail together", _pairs(facts))))


def _reason(name: str, facts: Facts, most: int, total: int) -> tuple[object, ...]:
    n = facts.of("reason").get(name, 0)
    more = (facts.of(metric).get(name, 0) for metric in ("reason_tokens", "failed", "alone"))
    return (name, bar(n, most, "lost"), n, percent(n, total), *more)


def _pairs(facts: Facts) -> Html:
    """The most frequent pairs; the share is of the rarer rule's rows: 100 % where it never fails without the other."""
    pairs, failed = facts.of("pair"), facts.of("failed")
    rows = []
    for key in ranked(pairs)[:MOST_PAIRS]:
        one, _, other = key.partition("|")
        fewer = min(failed.get(one, 0), failed.get(other, 0))
        rows.append((one, other, pairs[key], percent(pairs[key], fewer)))
    caption = f"Pairs, the most frequent first. {_left(len(pairs), MOST_PAIRS, 'pairs')}"
    return table(caption, ("Rule", "and rule", "Documents", "Of the rarer rule"), rows, (0, 1))


def ranked(counts: Mapping[str, int]) -> list[str]:
    """Names by count, the largest first, equal ones by name."""
    return sorted(counts, key=lambda name: (-counts[name], name))


def _left(total: int, shown: int, things: str) -> str:
    return f"The first {shown} of {total} {things}." if total > shown else ""


def shards(stages: Stages, sources: Mapping[str, str]) -> Html:
    """Sources of the crawl and their shards: what each held and what is left of it."""
    ran = [f for f in stages.values() if f.ran]
    given = {name: rows["in"] for name, rows in stages["extract"].by_shard.items() if rows.get("in")}
    if not given:
        return Html("")
    kept = {name: [facts.by_shard.get(name, {}).get("kept", 0) for facts in ran] for name in given}
    heads = ("Records", *(f"Kept by {f.stage}" for f in ran), "Left")
    caption = "Left: rows that the last finished stage kept over records of the archives."
    by_source = table(caption, ("Source", "Shards", *heads), _sources(given, kept, sources))
    listed = details(f"The {len(given):,} shards", _shards(given, kept, heads), opened=len(given) <= 20)
    return section("shards", "Input", by_source, listed)


Kept = Mapping[str, list[int]]


def _sources(given: Mapping[str, int], kept: Kept, sources: Mapping[str, str]) -> list[tuple[object, ...]]:
    by: dict[str, list[str]] = {}
    for shard in sorted(given):
        by.setdefault(sources.get(shard, "not named any more"), []).append(shard)
    rows: list[tuple[object, ...]] = []
    for name in sorted(by):
        records, sums = sum(given[s] for s in by[name]), [sum(column) for column in zip(*(kept[s] for s in by[name]))]
        rows.append((name, len(by[name]), records, *sums, percent(sums[-1], records)))
    return rows


def _shards(given: Mapping[str, int], kept: Kept, heads: tuple[str, ...]) -> Html:
    """Of many, those of which least is left."""
    names = sorted(given, key=lambda n: (kept[n][-1] / given[n], n))[:MOST_SHARDS]
    rows = [(n, given[n], *kept[n], percent(kept[n][-1], given[n])) for n in sorted(names)]
    left = f"Those {MOST_SHARDS} of {len(given)} of which least is left." if len(given) > MOST_SHARDS else ""
    return table(left or "Every shard.", ("Shard", *heads), rows)
