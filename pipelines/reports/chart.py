"""The funnel as an inline picture: per stage one bar, kept and rejected. The table under it holds the same numbers."""

from collections.abc import Sequence

from pipelines.reports.markup import Html, number, percent, text

LABEL, WIDTH, FIGURES, ROW, BAR = 84, 470, 206, 34, 18
Bar = tuple[str, int, int]  # name, kept, rejected


def funnel(title: str, bars: Sequence[Bar]) -> Html:
    """An SVG of horizontal bars on one scale, the widest one full."""
    most = max((kept + rejected for _, kept, rejected in bars), default=0)
    if not most:
        return Html("")
    height = ROW * len(bars)
    inner = "".join(_bar(i, bar, most) for i, bar in enumerate(bars))
    size = f'viewBox="0 0 {LABEL + WIDTH + FIGURES} {height}" width="{LABEL + WIDTH + FIGURES}" height="{height}"'
    return Html(
        f'<figure><figcaption>{text(title)} <span class="key kept">kept</span> '
        f'<span class="key lost">rejected</span></figcaption>\n'
        f'<div><svg {size} role="img" aria-label="{text(title)}">\n'
        f"{inner}</svg></div></figure>\n"
    )


def _bar(index: int, bar: Bar, most: int) -> str:
    name, kept, rejected = bar
    top, middle = index * ROW + (ROW - BAR) // 2, index * ROW + ROW // 2 + 5
    one, two = (round(WIDTH * n / most, 1) for n in (kept, kept + rejected))
    return (
        f'<text x="0" y="{middle}">{text(name)}</text>'
        f'<rect class="kept" x="{LABEL}" y="{top}" width="{one}" height="{BAR}"/>'
        f'<rect class="lost" x="{LABEL + one}" y="{top}" width="{round(two - one, 1)}" height="{BAR}"/>'
        f'<text class="figure" x="{LABEL + WIDTH + FIGURES}" y="{middle}" text-anchor="end">'
        f"{number(kept)} kept · {percent(kept, kept + rejected)}</text>\n"
    )
