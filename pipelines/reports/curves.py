"""Pictures of curves, of bars around zero and of one whole in parts: drawn by `chart`, told apart without colour.

Lines differ in their dashes and are named at their ends. Knows numbers and our own words; names from data stand in
captions, which are the caller's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.reports.chart import BAD, INK, KEPT, LINE, LOST, SOFT, canvas, framed, own_settings, picture, short
from pipelines.reports.markup import Html

Points = Sequence[tuple[float, float]]
DASHES = ("-", "--", ":", "-.", (0, (6, 1)), (0, (1, 4)))
ROOM = 15  # units between the names of two lines
COLOURS = (KEPT, LOST, LINE, SOFT, BAD)


@dataclass(frozen=True)
class Plot:
    """What a picture of curves shows beside its lines: words of the axes, a band with its name, a place on x."""

    x: str
    y: str
    log_x: bool = True
    log_y: bool = True
    band: tuple[str, Sequence[float], Sequence[float], Sequence[float]] | None = None  # name, x, low, high
    mark: tuple[str, float] | None = None


def curves(title: str, series: Sequence[tuple[str, Points]], plot: Plot) -> Html:
    """Lines in one frame, the first one heavier; nothing where none has two points."""
    drawn = [(name, points) for name, points in series if len(points) > 1]
    if not drawn:
        return Html("")
    with own_settings():
        figure, axes = canvas(760, 260, left=58, right=170, top=26, bottom=38)
        axes.set_xscale("log" if plot.log_x else "linear")
        axes.set_yscale("log" if plot.log_y else "linear")
        ends = _band(axes, plot)
        for k, (name, points) in enumerate(drawn):
            xs, ys = zip(*points)
            width, colour = (2.4, KEPT) if k == 0 else (1.5, INK)
            axes.plot(xs, ys, color=colour, linestyle=DASHES[k % len(DASHES)], linewidth=width, clip_on=False)
            ends.append((name, float(xs[-1]), float(ys[-1])))
        if plot.mark:
            words, at = plot.mark
            axes.axvline(at, color=BAD, linewidth=1.2, linestyle="--")
            where = ("data", "axes fraction")
            axes.annotate(words, (at, 1), (0, 5), where, "offset points", ha="center", color=BAD, fontsize=9)
        _axes(axes, plot)
        _names(axes, ends)
        return framed(title, picture(figure, title))


def _band(axes: Any, plot: Plot) -> list[tuple[str, float, float]]:
    if plot.band is None:
        return []
    name, xs, low, high = plot.band
    axes.fill([*xs, *reversed(xs)], [*low, *reversed(high)], color=LOST)
    return [(name, float(xs[-1]), float(high[-1]))]


def _names(axes: Any, ends: Sequence[tuple[str, float, float]]) -> None:
    """Names right of the frame at the height of their lines' ends, moved apart where they would meet."""
    axes.autoscale_view()  # else the limits, and with them all heights, are settled when it is drawn
    right, bottom = axes.transAxes.transform((1, 0)).tolist()
    heights = [(axes.transData.transform((x, y)).tolist()[1], name) for name, x, y in ends]
    last = bottom - ROOM
    placed = []
    for height, name in sorted(heights):
        last = max(height, last + ROOM)
        placed.append((last, name))
    top = axes.transAxes.transform((1, 1)).tolist()[1]
    over = max(0.0, last - top)
    for height, name in placed:
        axes.annotate(
            name, (right + 8, height - over), xycoords="figure pixels", va="center", fontsize=10, annotation_clip=False
        )


def _axes(axes: Any, plot: Plot) -> None:
    axes.tick_params(length=0, labelsize=9)
    axes.minorticks_off()
    axes.set_xlabel(plot.x, fontsize=9, color=SOFT)
    above = ("axes fraction", "axes fraction")  # not along the axis: turned words are hard to read
    axes.annotate(plot.y, (0, 1), (-50, 8), above, "offset points", fontsize=9, color=SOFT, annotation_clip=False)
    for axis, log in ((axes.xaxis, plot.log_x), (axes.yaxis, plot.log_y)):
        if log:
            low, high = axis.get_view_interval().tolist()
            axis.set_ticks(_decades(low, high))
        else:
            axis.get_major_locator().set_params(nbins=5, integer=axis is axes.xaxis)
        axis.set_major_formatter(lambda value, _: short(value))


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten within the interval; 1, 2 and 5 times these where there would be fewer than three."""
    tens = [10.0**k for k in range(-6, 13)]
    whole = [t for t in tens if low <= t <= high]
    return whole if len(whole) > 2 else [t * f for t in tens for f in (1, 2, 5) if low <= t * f <= high]


def around_zero(title: str, rows: Sequence[tuple[str, float, float]], marks: Sequence[tuple[str, float]]) -> Html:
    """Horizontal bars (name, value, spread) from a zero line on; what lies below has a colour of its own."""
    if not rows:
        return Html("")
    with own_settings():
        figure, axes = canvas(760, 34 * len(rows) + 44, left=70, right=90, top=20, bottom=22)
        reach = [v + s for _, v, s in rows] + [v - s for _, v, s in rows] + [at for _, at in marks] + [0.0]
        low, high = min(reach), max(reach)
        room = 0.08 * (high - low or 1)
        axes.set(xlim=(low - room, high + room), ylim=(len(rows) - 0.4, -0.6))
        for k, (name, value, spread) in enumerate(rows):
            axes.barh(k, value, height=0.5, color=KEPT if value >= 0 else LOST)
            axes.plot([value - spread, value + spread], [k, k], color=INK, linewidth=2)
            where = ("axes fraction", "data")
            axes.annotate(name, (0, k), (-62, 0), where, "offset points", va="center", annotation_clip=False)
            axes.annotate(short(value), (1, k), (8, 0), where, "offset points", va="center", annotation_clip=False)
        axes.axvline(0, color=INK, linewidth=1.5)
        for words, at in marks:
            axes.axvline(at, color=BAD, linewidth=1.2, linestyle="--")
            across = ("data", "axes fraction")
            axes.annotate(words, (at, 1), (0, 5), across, "offset points", ha="center", color=BAD, fontsize=9)
        axes.tick_params(length=0, labelsize=9)
        axes.set_yticks([])
        axes.xaxis.set_major_formatter(lambda value, _: short(value))
        return framed(title, picture(figure, title))


def whole(title: str, parts: Sequence[tuple[str, int]], marks: Sequence[tuple[str, float]]) -> Html:
    """One bar cut into parts, named below it where they are wide enough; marks at shares of it from the left."""
    total = sum(n for _, n in parts)
    if not total:
        return Html("")
    with own_settings():
        figure, axes = canvas(760, 78, left=4, right=8, top=20, bottom=26)
        axes.axis("off")
        axes.set(xlim=(0, 1), ylim=(0, 1))
        at = 0.0
        for k, (name, n) in enumerate(parts):
            share = n / total
            axes.barh(0.5, share, left=at, height=1, color=COLOURS[k % len(COLOURS)], edgecolor=INK, linewidth=0.6)
            if share >= 0.07:
                words = f"{name} {100 * share:.0f} %"
                axes.annotate(words, (at, 0), (2, -14), "data", "offset points", fontsize=10, annotation_clip=False)
            at += share
        for words, share in marks:
            axes.axvline(share, color=BAD, linewidth=1.4, linestyle="--", clip_on=False)
            side = "right" if share > 0.5 else "left"
            axes.annotate(words, (share, 1), (0, 5), "data", "offset points", ha=side, color=BAD, fontsize=9)
        return framed(title, picture(figure, title))
