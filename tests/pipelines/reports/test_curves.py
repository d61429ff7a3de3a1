"""Curves, bars around zero and a whole in parts: in proportion, named, and told apart without colour."""

import re
from itertools import pairwise

from pipelines.reports import curves
from pipelines.reports.curves import Plot

XS = (1.0, 10.0, 100.0)
SERIES = [("the source", list(zip(XS, (5.0, 20.0, 60.0)))), ("the mixture", list(zip(XS, (5.0, 30.0, 90.0))))]
BAND = ("real text", XS, (5.0, 25.0, 80.0), (6.0, 35.0, 100.0))


def drawn():
    plot = Plot("words", "different words", band=BAND, mark=("cut at rank 7", 7.0))
    bars = curves.around_zero("b", [("all", 1.5, 0.1), ("tail", -0.5, 0.2)], [("harm", -0.2)])
    return curves.curves("a", SERIES, plot), bars, curves.whole("c", [("real", 60), ("depth 1", 40)], [("floor", 0.5)])


def test_nothing_to_draw_is_nothing():
    assert curves.curves("a", [("one", [(1, 1)])], Plot("x", "y")) == ""
    assert curves.around_zero("a", [], []) == curves.whole("a", [("real", 0)], []) == ""


def test_a_picture_has_no_id_style_sheet_address_or_colour_of_its_own():
    for picture in drawn():
        assert not re.search(r"\bid=|<style|<defs|<use|xlink|http|url\(|#[0-9a-f]{6}", picture)
        assert len(picture) < 9000


def test_equal_numbers_give_equal_bytes():
    assert drawn() == drawn()


def test_lines_differ_in_dashes_and_are_named_apart():
    picture = drawn()[0]
    assert len(set(re.findall(r"stroke-dasharray: ([\d.,]+)", picture))) >= 2
    places = re.findall(r'y="([\d.]+)"[^>]*>(the source|the mixture|real text)<', picture)
    heights = sorted(float(y) for y, _ in places)
    assert len(heights) == 3
    assert min(b - a for a, b in pairwise(heights)) >= 14.9


def test_band_mark_and_axes_are_there():
    picture = drawn()[0]
    assert "fill: var(--lost)" in picture
    for words in ("cut at rank 7", ">words<", ">different words<", ">100<"):
        assert words in picture


def widths(picture, colour):
    found = re.findall(rf'<path d="M ([\d.]+) [\d.]+ L ([\d.]+)[^"]*" style="fill: var\(--{colour}\)', picture)
    return [float(right) - float(left) for left, right in found]


def test_bars_reach_from_zero_in_proportion():
    picture = drawn()[1]
    (above,), (below,) = widths(picture, "kept"), widths(picture, "lost")
    assert round(above / below, 1) == -3.0
    assert ">harm<" in picture


def test_a_whole_is_cut_in_proportion_and_small_parts_have_no_words():
    picture = curves.whole("c", [("real", 60), ("depth 1", 36), ("unknown", 4)], [("floor", 0.5)])
    real, made, unknown = (widths(picture, c)[0] for c in ("kept", "lost", "line"))
    assert [round(w / (real + made + unknown), 2) for w in (real, made, unknown)] == [0.6, 0.36, 0.04]
    assert "real 60 %" in picture
    assert "unknown" not in picture
