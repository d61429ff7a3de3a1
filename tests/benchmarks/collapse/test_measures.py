"""Areas under curves, thresholds and exact intervals against what they are by definition."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import measures


def test_auc_counts_pairs_and_ties_as_half():
    bad, good = [3.0, 1.0, 2.0], [1.0, 0.0, 2.5]
    pairs = [(b > g) + 0.5 * (b == g) for b in bad for g in good]
    assert measures.auc(bad, good) == pytest.approx(sum(pairs) / 9)
    assert measures.auc([], good) is None


def test_an_interval_resamples_the_beds_of_either_side():
    good = [(f"bed {i}", 10.0 * i) for i in range(6)]
    bad = [(f"bed {i}", 10.0 * i + 15) for i in range(6)]
    low, high = measures.auc_interval(bad, good)
    assert 0 < low < measures.auc([s for _, s in bad], [s for _, s in good]) < high <= 1
    assert measures.auc_interval(bad[:2], good[:2]) is None


def test_no_more_than_one_in_twenty_lies_above_the_threshold():
    for n in (5, 19, 20, 41, 200):
        bound = measures.threshold([float(i) for i in range(n)])
        assert sum(i > bound for i in range(n)) == n // 20


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (3, 20, 0.0321, 0.3789)]
)
def test_a_share_has_its_exact_interval(hits, n, low, high):
    assert measures.share(hits, n) == pytest.approx((hits / n, low, high), abs=1e-4)
    assert measures.share(0, 0) is None


def test_p_values_that_are_too_small_are_seen_and_too_large_ones_are_not():
    even = [(i + 0.5) / 40 for i in range(40)]
    for found, is_small in ((even, False), ([p**3 for p in even], True), ([p ** (1 / 3) for p in even], False)):
        excess, bound = measures.uniform_distance(found)
        assert (excess > bound) is is_small
