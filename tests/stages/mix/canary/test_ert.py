"""Effective real tokens: the curve, its inverse, and sources of known worth."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.mix.canary.ert import STEPS, effective, isotonic, real_windows

VALUES = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=7)


def falls(values):
    return any(a > b + 1e-12 for a, b in itertools.pairwise(values))


@given(VALUES, st.lists(st.integers(-20, 20).map(float), min_size=7, max_size=7))
def test_isotonic_rises_and_nothing_that_rises_is_closer(values, other):
    found = isotonic(np.array(values))
    assert not falls(found)
    rival = np.maximum.accumulate(np.array(other[: len(values)]))
    assert ((found - values) ** 2).sum() <= ((rival - values) ** 2).sum() + 1e-9


@given(VALUES)
def test_what_rises_stays(values):
    assert isotonic(np.array(sorted(values))).tolist() == sorted(values)


def test_a_loss_on_the_curve_gives_its_size_and_between_points_log_linear():
    curve, points = [8.0, 7.0, 6.0], [100, 200, 400]
    assert effective(curve, points, 7.0) == (pytest.approx(200), False)
    assert effective(curve, points, 6.5) == (pytest.approx(200 * 2**0.5), False)


def test_beyond_the_curve_it_is_clamped_and_says_so():
    curve, points = [8.0, 7.0, 6.0], [100, 200, 400]
    assert effective(curve, points, 9.0) == (pytest.approx(100), True)
    assert effective(curve, points, 5.0) == (pytest.approx(400), True)


def test_a_rise_in_the_curve_is_pooled_before_it_is_read():
    size, outside = effective([8.0, 6.0, 7.0, 5.0], [100, 200, 400, 800], 6.9)
    assert size == pytest.approx(100 * 2 ** (1.1 / 1.5))  # 8 to the pool of 6 and 7
    assert not outside


@pytest.mark.parametrize("windows", [1, 2, 5, 100, 1001])
def test_the_curve_reaches_as_far_as_all_real_text(windows):
    assert real_windows(windows) >= 1
    assert windows < 5 or round(STEPS[-1] * real_windows(windows)) <= windows
