"""Who has a kept twin: threshold, order, chains, ties, and the bound on the work."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.verify import KEPT_PER_BUCKET, bitmaps, common_if_similar, differing, judge


def sets(*values: range | list[int]) -> list[np.ndarray]:
    return [np.array(sorted(v), dtype=np.uint64) for v in values]


def verify(places, texts, names, threshold, measure="jaccard"):
    """`judge` over separate sets, none of them of an earlier release."""
    bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum([len(s) for s in texts], dtype=np.int64)])
    flat = np.concatenate([np.empty(0, dtype=np.uint64), *texts])
    return judge(places, flat, bounds, names, np.zeros(len(texts), dtype=np.bool_), threshold, measure)


def same_bucket(count: int, bands: int = 1) -> np.ndarray:
    return np.tile(np.arange(bands, dtype=np.int64), (count, 1))


@settings(deadline=None, max_examples=100)
@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)), st.integers(1, 20))
def test_common_equals_set_arithmetic(a, b, twentieths):
    threshold = twentieths / 20
    both, union = len(a & b), len(a | b)
    expected = both if union and both / union >= threshold else -1
    assert common_if_similar(*sets(list(a), list(b)), threshold) == expected


def test_two_maps_differ_in_no_more_bits_than_their_sets():
    rng = np.random.default_rng(2)
    for size, other, common in rng.integers(0, 300, (200, 3)):
        a, b, shared = (rng.integers(0, 2**64, n, dtype=np.uint64) for n in (size, other, common))
        first, second = np.unique(np.concatenate([a, shared])), np.unique(np.concatenate([b, shared]))
        maps = bitmaps(np.concatenate([first, second]), np.array([0, len(first), len(first) + len(second)]))
        assert differing(maps[0], maps[1]) == sum(int(x).bit_count() for x in maps[0] ^ maps[1])
        assert differing(maps[0], maps[1]) <= len(np.setxor1d(first, second))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=9), st.sampled_from(["jaccard", "containment"]))
def test_the_bitmap_filter_refutes_nobody_who_is_similar_enough(changes, measure):
    """Sets of 40 random values of which some are others: the verdicts are those of set arithmetic."""
    rng = np.random.default_rng(len(changes))
    base = rng.integers(0, 2**64, 40, dtype=np.uint64)
    texts = [np.unique(np.concatenate([base[n:], rng.integers(0, 2**64, n, dtype=np.uint64)])) for n in changes]
    found, kept = verify(same_bucket(len(texts)), texts, np.arange(len(texts)), 0.8, measure), []
    for i, text in enumerate(texts):
        shares = [len(np.intersect1d(text, texts[k])) for k in kept]
        of = [len(text) if measure == "containment" else len(np.union1d(text, texts[k])) for k in kept]
        similar = any(both / whole >= 0.8 for both, whole in zip(shares, of))
        assert (found.twin[i] >= 0) == similar
        kept += [] if similar else [i]


def test_a_pair_exactly_at_the_threshold_is_rejected_and_one_below_is_not():
    at, below = sets(range(9), range(1, 10)), sets(range(8), range(1, 9))
    assert verify(same_bucket(2), at, np.arange(2), 0.8).twin.tolist() == [-1, 0]
    assert verify(same_bucket(2), below, np.arange(2), 0.8).twin.tolist() == [-1, -1]


def test_of_a_chain_the_ends_stay():
    chain = sets(range(0, 100), range(10, 110), range(20, 120))
    found = verify(same_bucket(3), chain, np.arange(3), 0.8)
    assert found.twin.tolist() == [-1, 0, -1]
    assert found.component.tolist() == [0, 0, 2]


def test_a_rejected_text_connects_both_kept_neighbours():
    chain = sets(range(0, 100), range(20, 120), range(10, 110))
    found = verify(same_bucket(3), chain, np.arange(3), 0.8)
    assert found.twin.tolist() == [-1, -1, 0]
    assert found.component.tolist() == [0, 0, 0]
    assert (found.compared, found.verified) == (3, 2)


@pytest.mark.parametrize(("names", "twin"), [([0, 1, 2], 0), ([1, 0, 2], 1)])
def test_equally_similar_twins_are_ranked_by_name(names, twin):
    chain = sets(range(0, 100), range(20, 120), range(10, 110))
    assert verify(same_bucket(3), chain, np.array(names), 0.8).twin[2] == twin


def test_the_most_similar_twin_is_named():
    found = verify(same_bucket(3), sets(range(0, 100), range(20, 120), range(18, 118)), np.arange(3), 0.6)
    assert found.twin.tolist() == [-1, 0, 0]
    apart = verify(same_bucket(3), sets(range(0, 100), range(20, 120), range(12, 112)), np.arange(3), 0.7)
    assert apart.twin.tolist() == [-1, -1, 1]
    assert (apart.both[2], apart.total[2]) == (92, 108)


def test_containment_is_a_share_of_the_judged_text():
    whole, part = range(100), range(30)
    assert verify(same_bucket(2), sets(whole, part), np.arange(2), 0.8).twin.tolist() == [-1, -1]
    found = verify(same_bucket(2), sets(whole, part), np.arange(2), 0.8, "containment")
    assert found.twin.tolist() == [-1, 0]
    assert (found.both[1], found.total[1]) == (30, 30)
    turned = verify(same_bucket(2), sets(part, whole), np.arange(2), 0.8, "containment")
    assert turned.twin.tolist() == [-1, -1], "a kept part does not remove the whole"


def test_old_texts_are_kept_and_compared_with_nobody():
    flat, bounds = np.concatenate(sets(*[range(10)] * 3)), np.array([0, 10, 20, 30])
    old = np.array([True, True, False])
    found = judge(same_bucket(3), flat, bounds, np.arange(3), old, 0.8, "jaccard")
    assert found.twin.tolist() == [-1, -1, 0]
    assert found.component.tolist() == [0, 0, 0] and found.compared == 2


def test_texts_of_different_buckets_are_not_compared():
    places = np.array([[0, -1], [-1, 1], [0, 1]], dtype=np.int64)
    found = verify(places, sets(range(50), range(50), range(50)), np.arange(3), 0.8)
    assert found.twin.tolist() == [-1, -1, 0]
    assert found.compared == 2


def test_a_crowded_bucket_is_not_quadratic():
    """20,000 different texts share every bucket: each is compared with at most KEPT_PER_BUCKET others."""
    count = 20_000
    texts = sets(*[[0, 2 * i + 1, 2 * i + 2] for i in range(count)])
    found = verify(same_bucket(count, bands=3), texts, np.arange(count), 0.8)
    assert found.compared <= count * KEPT_PER_BUCKET
    assert found.places_refused == 3 * (count - KEPT_PER_BUCKET)
    assert (found.twin == -1).all()


def test_equal_texts_in_a_crowded_bucket_cost_one_comparison_each():
    found = verify(same_bucket(5_000), sets(*[range(10)] * 5_000), np.arange(5_000), 0.8)
    assert found.compared == 4_999
    assert (found.twin[1:] == 0).all()
