"""Pictures: numbers in proportion, in the page's colours, without what only a file of its own needs."""

import re

import matplotlib

from pipelines.reports import chart

BINS = [(i / 10, (i + 1) / 10, n) for i, n in enumerate((5, 0, 1, 3, 0, 0, 9, 0, 0, 1))]


def widths(picture, colour):
    found = re.findall(rf'<path d="M ([\d.]+) [\d.]+ L ([\d.]+)[^"]*" style="fill: var\(--{colour}\)"', picture)
    return [float(right) - float(left) for left, right in found]


def test_the_widest_bar_is_full_and_the_others_are_in_proportion():
    picture = chart.funnel("Documents", [("extract", 60, 40), ("quality", 30, 30)])
    kept, lost = widths(picture, "kept"), widths(picture, "lost")
    full = kept[0] + lost[0]
    shares = [round(w / full, 2) for w in (kept[0], lost[0], kept[1], lost[1])]
    assert shares == [0.6, 0.4, 0.3, 0.3]
    assert "60 kept · 60.0 %" in picture


def test_nothing_to_draw_is_nothing():
    assert chart.funnel("Documents", []) == ""
    assert chart.funnel("Documents", [("extract", 0, 0)]) == ""
    assert chart.histogram("x", [(0, 1, 0)], None, None, log=False) == ""
    assert chart.lines("x", [("extract", [0.5])]) == ""


def test_a_title_is_escaped():
    assert "<b>" not in chart.funnel("<b>", [("extract", 1, 0)])


def test_a_picture_has_no_id_style_sheet_address_or_colour_of_its_own():
    for picture in (
        chart.funnel("a", [("extract", 2, 1)]),
        chart.histogram("b", BINS, 0.15, 0.8, log=False),
        chart.lines("c", [("extract", [0.1, 0.5]), ("quality", [0.2, 0.3])]),
    ):
        assert not re.search(r"\bid=|<style|<defs|xlink|http|url\(|#[0-9a-f]{6}", picture)
        assert len(picture) < 6000


def test_equal_numbers_give_equal_bytes_whatever_settings_a_user_has():
    first = chart.histogram("b", BINS, 0.15, 0.8, log=False)
    chart._histogram.cache_clear()
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.linewidth": 5}):
        assert chart.histogram("b", BINS, 0.15, 0.8, log=False) == first
        assert matplotlib.rcParams["font.size"] == 30


def heights(picture, colour):
    """How many different heights a stepped area has: one where it is flat."""
    path = re.search(rf'<path d="([^"]*)" style="fill: var\(--{colour}\)"', picture)[1]
    return len(set(re.findall(r"[ML] [\d.]+ ([\d.]+)", path)))


def test_what_lies_outside_the_bounds_is_drawn_as_rejected():
    inside = chart.histogram("b", BINS, None, None, log=False)
    outside = chart.histogram("b", BINS, 0.25, None, log=False)
    assert (heights(inside, "lost"), "min" in inside) == (1, False)
    assert (heights(outside, "lost"), "min 0.25" in outside) == (2, True)
    assert heights(inside, "kept") > heights(outside, "kept") > 1


def test_a_bound_beyond_the_axis_is_not_drawn():
    assert "max" not in chart.histogram("b", BINS, None, 5, log=False)


def test_every_stage_of_the_history_has_a_line():
    picture = chart.lines("c", [(name, [0.5, 0.6]) for name in ("extract", "quality", "dedup", "toxicity", "mix")])
    assert picture.count("stroke: var(--kept)") == 5
    assert all(f">{name}</text>" in picture for name in ("extract", "mix"))
