"""Matched controls: what is drawn, how much of it, and p-values that are uniform where there is nothing to find."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix import matched
from stages.mix.matched import Plan, compare, draw, evenly, like, plan, spread, widening

Strata = st.lists(st.integers(0, 3), min_size=30, max_size=120)


def ints(*values):
    return np.array(values, dtype=np.int64)


def clusters_of(strata, each=3):
    return np.array([1000 + i // each for i in range(len(strata))], dtype=np.uint64)


@pytest.mark.parametrize(
    ("source", "reference", "cap", "quota", "unmatched"),
    [
        ((100, 50), (300, 150), 10**6, (100, 50), 0),
        ((100, 50), (900, 900), 30, (20, 10), 0),
        ((100, 50), (150, 75), 10**6, (50, 25), 0),  # a control is a third of its reference
        ((100, 50), (30, 9000), 10**6, (10, 5), 0),  # the poorest stratum makes all smaller
        ((100, 5), (900, 3), 10**6, (100, 0), 5 / 105),  # but a small one is left out instead
        ((100, 50), (900, 0), 10**6, (100, 0), 50 / 150),  # and one without reference in any case
    ],
)
def test_a_plan_keeps_the_composition_of_the_source(source, reference, cap, quota, unmatched):
    found = plan(ints(*source), ints(*reference), cap)
    assert tuple(found.quota) == quota
    assert found.unmatched == pytest.approx(unmatched)
    assert found.size == sum(quota)


def test_deviations_are_widened_by_what_draws_share():
    """A third of the reference in every draw: two draws share a third of their windows."""
    strata, clusters = ints(*[0] * 3000), np.arange(3000, dtype=np.uint64)
    draws = [draw(strata, clusters, ints(1000), evenly(1, 1), seed) for seed in range(20)]
    assert widening(draws) == pytest.approx(2**0.5, rel=0.01)
    assert widening([np.arange(9) + 100 * k for k in range(20)]) == 1.0


@settings(deadline=None, max_examples=60)
@given(Strata, st.integers(0, 99), st.integers(1, 4))
def test_a_draw_fills_every_stratum_and_no_document_gives_more_than_it_may(strata, seed, most):
    strata, clusters = ints(*strata), clusters_of(strata)
    there = spread(strata, clusters, most, 4)
    quota = there // 2
    rows = draw(strata, clusters, quota, evenly(most, 4), seed)
    assert np.array_equal(np.bincount(strata[rows], minlength=4), quota)
    assert len(np.unique(rows)) == len(rows)
    for s in range(4):
        _, sizes = np.unique(clusters[rows[strata[rows] == s]], return_counts=True)
        assert sizes.max(initial=0) <= most


def test_what_is_there_is_counted_under_the_limit():
    strata, clusters = ints(0, 0, 0, 0, 1, 1), np.array([7, 7, 7, 8, 7, 9], dtype=np.uint64)
    assert spread(strata, clusters, 1, 3).tolist() == [2, 2, 0]
    assert spread(strata, clusters, 2, 3).tolist() == [3, 2, 0]
    assert spread(ints(), np.empty(0, dtype=np.uint64), 2, 3).tolist() == [0, 0, 0]


def test_a_control_has_documents_as_large_as_the_source_has():
    strata, clusters = ints(*[0] * 400), np.repeat(np.arange(40, dtype=np.uint64), 10)
    sizes = [1, 1, 1, 7, 2]
    own = np.concatenate([np.arange(10 * k, 10 * k + n) for k, n in enumerate(sizes)])
    limits = like(strata, clusters, own, ints(1))
    rows = draw(strata, clusters, ints(len(own)), limits, 5)
    _, found = np.unique(clusters[rows], return_counts=True)
    assert sorted(found) == sorted(sizes)
    assert like(strata, clusters, own, ints(3))[0].tolist() == [3, 3, 3, 7, 3]


def test_draws_differ_and_are_the_same_again():
    strata = ints(*[0] * 300)
    clusters, limits = clusters_of(strata), evenly(3, 1)
    found = [tuple(draw(strata, clusters, ints(30), limits, seed)) for seed in (1, 2, 3, 1)]
    assert len(set(found)) == 3
    assert found[0] == found[3]
    assert {len({int(clusters[i]) for i in one}) for one in found} == {10}, "documents are taken whole"


def normal(n, k, salt):
    """Sums of twelve uniforms, less six: as good as normal, and always the same."""
    grid = np.arange(12 * n * k, dtype=np.float64).reshape(n, k, 12) + salt * 7919.0
    uniform = np.modf(np.abs(np.sin(grid * 12.9898) * 43758.5453))[0]
    return uniform.sum(axis=2) - 6


def test_p_values_hold_over_all_statistics_together():
    """Two hundred sources that are nothing but another draw: the smallest p of five is at most .1 in about a tenth."""
    smallest = []
    for k in range(200):
        draws = normal(100, 5, k)
        smallest.append(compare(draws[0], draws[1:], [1, -1, 1, -1, 1], [0] * 5, 1.0).p_values.min())
    for level in (0.1, 0.3, 0.5):
        assert abs(np.mean(np.array(smallest) <= level) - level) < 0.09


def test_the_smallest_p_is_one_in_draws_and_one():
    found = compare(np.array([50.0, -50.0]), normal(99, 2, 1), [1, 1], [0, 0], 1.0)
    assert found.p_values.tolist() == [0.01, 1.0]
    assert found.deviations[0] > 10 > 0 > found.deviations[1]


def test_the_direction_of_a_loss_is_the_statistics_own():
    controls = normal(99, 1, 2)
    assert compare(np.array([-50.0]), controls, [-1], [0], 1.0).p_values.tolist() == [0.01]
    assert compare(np.array([-50.0]), controls, [1], [0], 1.0).p_values.tolist() == [1.0]


def test_widening_makes_a_deviation_smaller():
    controls = normal(99, 1, 3)
    narrow, wide = (compare(np.array([3.0]), controls, [1], [0], w) for w in (1.0, 2.0))
    assert wide.deviations[0] == pytest.approx(narrow.deviations[0] / 2)
    assert wide.p_values[0] > narrow.p_values[0]


def test_a_statistic_without_spread_has_that_of_its_floor():
    found = compare(np.array([0.5]), np.zeros((19, 1)), [1], [0.1], 1.0)
    assert found.deviations.tolist() == [5.0]
    assert found.p_values.tolist() == [0.05]


def test_a_plan_says_how_large_it_is():
    assert Plan(ints(3, 4), 0.0).size == 7
    assert matched.LARGEST == 3
