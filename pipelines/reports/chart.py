"""Pictures as inline SVG: the only door to Matplotlib. It draws numbers and our own words, never a name from the data.

What comes out has no script, style sheet, id or address in it, and takes its colours from the page, so that light, dark
and print need no picture of their own. Equal numbers give equal bytes. A table with the same numbers stands beside it.
"""

import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pipelines.reports.markup import Html, number, percent, text

os.environ.setdefault("MPLCONFIGDIR", str(Path(__file__).resolve().parents[2] / ".run" / "matplotlib"))

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Colours that stand for the page's: replaced after drawing.
INK, SOFT, LINE, KEPT, LOST, BAD = ("#010203", "#020304", "#030405", "#040506", "#050607", "#060708")
_NAMES = {INK: "ink", SOFT: "soft", LINE: "line", KEPT: "kept", LOST: "lost", BAD: "bad"}
_DROPPED = {"metadata", "defs", "use", "clipPath", "style"}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: read aloud, searched, and set in the page's own fonts
    "svg.hashsalt": "sluicegate",
    "font.size": 12,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "axes.unicode_minus": False,
}
Bar = tuple[str, int, int]  # name, kept, rejected
Bin = tuple[float, float, int]  # from, to, count
Line = tuple[str, Sequence[float]]


def funnel(title: str, bars: Sequence[Bar]) -> Html:
    """Horizontal bars on one scale, the widest one full: kept, then rejected."""
    most = max((kept + rejected for _, kept, rejected in bars), default=0)
    if not most:
        return Html("")
    with own_settings():
        figure, axes = canvas(760, 30 * len(bars) + 6, left=80, right=205, top=2, bottom=2)
        axes.axis("off")
        axes.set(xlim=(0, most), ylim=(len(bars) - 0.4, -0.6))
        for row, (name, kept, rejected) in enumerate(bars):
            axes.barh(row, kept, height=0.6, color=KEPT)
            axes.barh(row, rejected, left=kept, height=0.6, color=LOST)
            words = f"{number(kept)} kept · {percent(kept, kept + rejected)}"
            axes.annotate(name, (0, row), (-80, 0), "data", "offset points", va="center", annotation_clip=False)
            at = ("axes fraction", "data")
            axes.annotate(words, (1, row), (8, 0), at, "offset points", va="center", color=SOFT, annotation_clip=False)
        return framed(title, picture(figure, title), key=True)


def histogram(title: str, bins: Sequence[Bin], low: float | None, high: float | None, *, log: bool) -> Html:
    """Counts per bin, coloured as rejected where the whole bin lies outside [low, high]; the bounds as lines."""
    return _histogram(title, tuple(bins), low, high, log) if any(n for *_, n in bins) else Html("")


@lru_cache(maxsize=512)  # twenty milliseconds each, and every picture stands on two pages
def _histogram(title: str, bins: tuple[Bin, ...], low: float | None, high: float | None, log: bool) -> Html:
    with own_settings():
        figure, axes = canvas(330, 150, left=44, right=8, top=18, bottom=22)
        axes.set_xscale("log" if log else "linear")
        edges = [bins[0][0], *(b for _, b, _ in bins)]
        out = [(low is not None and b <= low) or (high is not None and a >= high) for a, b, _ in bins]
        for colour, chosen in ((KEPT, False), (LOST, True)):
            counts = [n if lies == chosen else 0 for (*_, n), lies in zip(bins, out)]
            axes.stairs(counts, edges, fill=True, color=colour, clip_on=False)
        axes.set_yscale("symlog", linthresh=1)  # nearly all measures have most of their documents in one bin
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, max(n for *_, n in bins)))
        for word, bound in (("min", low), ("max", high)):
            if bound is not None and edges[0] <= bound <= edges[-1]:
                _bound(axes, f"{word} {short(bound)}", bound, right=word == "min")
        ticks(axes)
        return picture(figure, title)


def lines(title: str, series: Sequence[Line]) -> Html:
    """Shares in [0, 1] over accepted runs, one line per stage, named at its end."""
    length = max((len(values) for _, values in series), default=0)
    if length < 2:
        return Html("")
    with own_settings():
        figure, axes = canvas(760, 190, left=44, right=90, top=8, bottom=22)
        axes.set(xlim=(1, length), ylim=(0, 1))
        for style, (name, values) in zip(("-", "--", ":", "-.", (0, (6, 1))), series):
            axes.plot(range(1, len(values) + 1), values, color=KEPT, linestyle=style, linewidth=1.6, clip_on=False)
            axes.annotate(name, (len(values), values[-1]), (6, 0), "data", "offset points", va="center", clip_on=False)
        ticks(axes)
        return framed(title, picture(figure, title))


@contextmanager
def own_settings() -> Iterator[None]:
    """Our settings on top of the library's own: no file of the user's enters."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def canvas(width: int, height: int, *, left: int, right: int, top: int, bottom: int) -> tuple[Figure, Any]:
    """A figure of so many units, with so many around the axes."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    figure.patch.set_visible(False)
    axes = figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height), facecolor="none"
    )
    return figure, axes


def _bound(axes: Any, words: str, at: float, *, right: bool) -> None:
    axes.axvline(at, color=BAD, linewidth=1.2, linestyle="--", clip_on=False)
    where, side = ("data", "axes fraction"), "left" if right else "right"
    axes.annotate(words, (at, 1), (0, 4), where, "offset points", ha=side, color=BAD, fontsize=9)


def ticks(axes: Any) -> None:
    """Few of them, without marks, in numbers as the tables write them."""
    axes.tick_params(length=0, labelsize=9)
    axes.minorticks_off()
    if axes.get_yscale() == "linear":
        axes.yaxis.set_major_locator(MaxNLocator(3, min_n_ticks=1))
    else:
        axes.set_yticks([0, *(10**power for power in range(12) if 10**power <= axes.get_ylim()[1])][-5:])
    axes.yaxis.set_major_formatter(lambda value, _: short(value))
    axes.xaxis.set_major_formatter(lambda value, _: short(value))


def short(value: float) -> str:
    """A number as axes write it: three digits, k, M and G."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def picture(figure: Figure, title: str) -> Html:
    """A figure as inline SVG that takes its colours from the page."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(file.getvalue())
    inner = "".join(map(_plain, root))
    return Html(f'<svg viewBox="{root.attrib["viewBox"]}" role="img" aria-label="{text(title)}">{inner}</svg>')


def _plain(node: ElementTree.Element) -> str:
    """An element without what only a file of its own needs; groups vanish, and what would not be seen."""
    name = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else "metadata"
    if name in _DROPPED:
        return ""
    inner = "".join(map(_plain, node))
    if name == "g":
        return inner
    style = "; ".join(_styles(node.attrib.get("style", "")))
    if style == "fill: none":
        return ""
    places = [(key, _shortened(node.attrib[key])) for key in ("d", "x", "y") if key in node.attrib]
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in (*places, ("style", style)))
    words = text(node.text.strip()) if node.text else ""
    return f"<{name}{attributes}>{words}{inner}</{name}>"


def _shortened(numbers: str) -> str:
    """Coordinates to a hundredth."""
    return " ".join(_NUMBER.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), numbers).split())


_NUMBER = re.compile(r"-?\d+\.\d+")


def _styles(value: str) -> Iterator[str]:
    """Styles with the page's colours; of a font its size alone."""
    for colour, name in _NAMES.items():
        value = value.replace(colour, f"var(--{name})")
    for part in (part.strip() for part in value.split(";")):
        if part.startswith("font: "):
            yield f"font-size: {part.split()[1]}"
        elif part and not part.startswith(_DEFAULTS):
            yield part


_DEFAULTS = ("stroke-dashoffset", "stroke-linejoin", "stroke-linecap", "text-anchor: start", "font-family")


def framed(title: str, svg: Html, *, key: bool = False) -> Html:
    """A picture under its title; `key`: says what the two colours of a funnel are."""
    legend = ' <span class="key kept">kept</span> <span class="key lost">rejected</span>' if key else ""
    return Html(f"<figure><figcaption>{text(title)}{legend}</figcaption>\n<div>{svg}</div></figure>\n")
