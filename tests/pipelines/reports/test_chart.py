"""The funnel's picture: bars on one scale, with their numbers in words."""

import re

from pipelines.reports.chart import WIDTH, funnel


def test_the_widest_bar_is_full_and_the_others_are_in_proportion():
    picture = funnel("Documents", [("extract", 60, 40), ("quality", 30, 30)])
    widths = [float(w) for w in re.findall(r'width="([\d.]+)" height="18"', picture)]
    assert widths == [0.6 * WIDTH, 0.4 * WIDTH, 0.3 * WIDTH, 0.3 * WIDTH]
    assert "60 kept · 60.0 %" in picture


def test_nothing_to_draw_is_nothing():
    assert funnel("Documents", []) == ""
    assert funnel("Documents", [("extract", 0, 0)]) == ""


def test_a_name_is_escaped():
    assert "<b>" not in funnel("<b>", [("<b>", 1, 0)])
