"""The comparison as one page: tables and paired histograms. Everything that data or params made is escaped."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.compare.drift import ALPHA, NULL, RESAMPLES
from pipelines.reports.markup import Html, details, join, number, paragraph, percent, section, table, text
from pipelines.reports.page import page

Values = Mapping[str, Any]
MOST = 30
WIDTH, HEIGHT = 640, 110
LEVELS = {
    "documents": "Compared document by document, from the tables of both runs.",
    "census": "Compared by counts alone, since tables are gone: who left and who entered may cancel out.",
    "ledger": "Compared by totals alone, since tables and censuses are gone.",
}


def build(found: Values) -> str:
    """The whole document."""
    title = f"{found['before']} and {found['after']}"
    top = join(
        (Html(f"<header>\n<h1>Two runs: {text(title)}</h1>\n"), paragraph(_lead(found), "soft"), Html("</header>\n"))
    )
    body = (top, _recipe(found), _funnel(found), _release(found), _languages(found), _distributions(found))
    return page(f"Sluicegate: {title}", join(body))


def _lead(found: Values) -> str:
    release, moved = found["release"], sum(one["moved"] for one in found["distributions"])
    how = LEVELS[release["level"]] + (f" {release['because']}." if release["because"] else "")
    return f"{how} {moved} of {len(found['distributions'])} distributions moved by more than chance."


def _recipe(found: Values) -> Html:
    rows = [(line,) for line in found["recipe"]]
    none = Html("") if rows else paragraph("params.yaml says the same on both sides.")
    return section("recipe", "Recipe", table("Keys of params.yaml that differ.", ("Key",), rows), none)


def _funnel(found: Values) -> Html:
    rows = [_step(step) for step in found["funnel"]]
    heads = ("Stage", "Documents in", "after", "Kept", "after", "Keep rate", "after", "Tokens kept", "after")
    reasons = [row for step in found["funnel"] for row in _reasons(step)]
    why = ("Stage", "Reason", "Documents", "after", "Change", "Tokens", "after", "Change")
    return section(
        "funnel",
        "Funnel",
        table("Each figure before, then after.", heads, rows),
        table("Reasons, before and after.", why, reasons, (0, 1)),
    )


def _step(step: Values) -> tuple[object, ...]:
    documents, tokens = step["documents"], step["tokens"]
    return (
        step["stage"],
        *(side["in"] if side else None for side in documents),
        *(side["kept"] if side else None for side in documents),
        *(percent(side["kept"], side["in"]) if side else None for side in documents),
        *(side["kept"] if side else None for side in tokens),
    )


def _reasons(step: Values) -> Iterator[tuple[object, ...]]:
    for reason, (before, after) in step["reasons"].items():
        counted = [(before or {}).get(unit) for unit in UNITS], [(after or {}).get(unit) for unit in UNITS]
        changes = [change(a, b) for a, b in zip(*counted)]
        yield step["stage"], reason, *(v for a, b, c in zip(*counted, changes) for v in (a, b, c))


UNITS = ("documents", "tokens")


def change(before: int | None, after: int | None) -> str | None:
    """A difference with its sign, or None where a side is unknown."""
    return None if before is None or after is None else f"{after - before:+,}" if after != before else "0"


def _release(found: Values) -> Html:
    release = found["release"]
    if release["level"] != "documents":
        rows = [(h["host"], h["before"], h["after"], change(h["before"], h["after"])) for h in release["hosts"][:MOST]]
        hosts = table(
            "Documents kept, of a sample of hosts (one in four, by hash).", ("Host", "Before", "After", "Change"), rows
        )
        return section("release", "The release", paragraph(LEVELS[release["level"]]), hosts)
    parts = [part for name in ("entered", "left") for part in _one_way(name, release[name])]
    return section("release", "The release", *parts)


def _one_way(name: str, side: Values) -> Iterator[Html]:
    ways = {"entered": "What they were before", "left": "What became of them"}
    yield paragraph(f"{number(side['documents'])} documents {name}, with {number(side['tokens'])} tokens.")
    by = side["by"]
    reasons = [(r["stage"], r["reason"], r["documents"], r["tokens"]) for r in by["reason"][:MOST]]
    yield table(f"{name.capitalize()}. {ways[name]}.", ("Stage", "Reason", "Documents", "Tokens"), reasons, (0, 1))
    for key in ("source", "language", "host"):
        rows = [(r[key], r["documents"], r["tokens"]) for r in by[key][:MOST]]
        yield details(f"By {key}", table(f"{name.capitalize()}.", (key.capitalize(), "Documents", "Tokens"), rows))
    first = [(r["doc_id"], r["stage"], r["reason"]) for r in side["first"][:MOST]]
    yield details(
        "Some of them", table("The first by doc_id, which is a hash.", ("doc_id", "Stage", "Reason"), first, (0, 1, 2))
    )


def _languages(found: Values) -> Html:
    if not found["languages"]:
        return Html("")
    rows = [
        (n, a[0], b[0], change(a[0], b[0]), a[1], b[1], change(a[1], b[1])) for n, (a, b) in found["languages"].items()
    ]
    heads = ("Language", "Documents", "after", "Change", "Tokens", "after", "Change")
    return section("languages", "Languages", table("Of the crawl, as toxicity kept it.", heads, rows))


HOW = (
    f"Bounds: two resamples of the pooled documents (or shards, where there are enough), as large as the two sides, "
    f"differ by more in {ALPHA:.0%} of {RESAMPLES} draws. A measure above its bound is more than chance; whether it "
    f"matters is another question: by convention a PSI below .1 is small and above .25 large. "
)


def _distributions(found: Values) -> Html:
    ones = found["distributions"]
    if not ones:
        return Html("")
    chance = f"Of {len(ones)} columns that did not move, about {len(ones) * 2 * ALPHA:.1f} are marked by chance."
    heads = ("Stage", "Column", "Moved", "PSI", "Bound", "KS", "Bound", "Before", "After", "Resampled")
    moved = table("Moved.", heads, [_row(one) for one in ones if one["moved"]], (0, 1, 2, 9))
    others = table("Within chance.", heads, [_row(one) for one in ones if not one["moved"]], (0, 1, 2, 9))
    none = Html("") if moved else paragraph("None moved.")
    pictures = [details(f"{one['stage']}: {one['column']}", histogram(one)) for one in ones if one["moved"]]
    rest = details(f"{sum(not one['moved'] for one in ones)} within chance", others)
    return section("distributions", "Distributions", paragraph(HOW + chance, "soft"), moved, none, *pictures, rest)


def _row(one: Values) -> tuple[object, ...]:
    figures = (one["psi"], one["psi_bound"], one["ks"], one["ks_bound"], one["n_before"], one["n_after"])
    return one["stage"], one["column"], "moved" if one["moved"] else "no", *figures, one["resampled"]


def histogram(one: Values) -> Html:
    """Shares of both sides bin by bin, as pairs of bars, with the same numbers in a table."""
    bins: Sequence[tuple[str, int, int]] = one["bins"]
    shares = [(a / one["n_before"], b / one["n_after"]) for _, a, b in bins]
    most = max(max(pair) for pair in shares)
    step = WIDTH / len(bins)
    bars = "".join(
        _bar(step * i + step * 0.45 * j, step * 0.42, HEIGHT * share / most, ("lost", "kept")[j])
        for i, pair in enumerate(shares)
        for j, share in enumerate(pair)
    )
    name = text(f"{one['column']} before and after")
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    svg = f'<svg {size} role="img" aria-label="{name}">{bars}</svg>'
    keys = '<span class="key lost">before</span> <span class="key kept">after</span>'
    rows = [
        (("null" if k == NULL else k), a, percent(a, one["n_before"]), b, percent(b, one["n_after"]))
        for k, a, b in bins
    ]
    numbers = table("Bins by their left edge.", ("From", "Before", "share", "After", "share"), rows)
    return join((Html(f"<figure><figcaption>{name} {keys}</figcaption>\n<div>{svg}</div></figure>\n"), numbers))


def _bar(x: float, width: float, height: float, css: str) -> str:
    return f'<rect class="{css}" x="{x:.1f}" y="{HEIGHT - height:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
