"""Sorted sets of hashes, also of values that are not spread as hashes are."""

import time
from itertools import pairwise

import numpy as np
import pytest

from stages import hash_sets
from stages.hash_sets import sort_distinct

SIZES = ([], [0], [1], [0, 1, 2, 0, 3], [5, 0, 100, 2000, 1, 64, 65, 66])
SPREADS = {
    "even": lambda v: v,
    "equal": lambda v: v * np.uint64(0) + np.uint64(7),
    "small": lambda v: v >> np.uint64(40),
    "large": lambda v: v | np.uint64(2**64 - 2**20),
    "repeated": lambda v: v % np.uint64(3) << np.uint64(62),
}


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_part_becomes_a_sorted_set(sizes, spread):
    values = SPREADS[spread](np.random.default_rng(1).integers(0, 2**64, sum(sizes), dtype=np.uint64))
    bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.array(sizes, dtype=np.int64))])
    wanted = [np.unique(values[a:b]) for a, b in pairwise(bounds)]
    sort_distinct(values, bounds)
    assert [values[a:b].tolist() for a, b in pairwise(bounds)] == [part.tolist() for part in wanted]


def test_a_text_made_to_fill_one_bucket_is_sorted_by_comparison():
    """Insertion alone would take n^2 / 4 steps for such values: a minute for these, in place of a blink."""
    values = (np.random.default_rng(1).permutation(400_000)).astype(np.uint64)
    assert len(values) > hash_sets.FULLEST
    start = time.process_time()
    sort_distinct(values, np.array([0, len(values)]))
    assert values.tolist() == list(range(400_000))
    assert time.process_time() - start < 5
