"""Hashes in order: sets of 64-bit hashes that lie end to end, each sorted and without repeats. Knows no text."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

FULLEST = 64  # values in one bucket, of as many buckets as values: beyond, they are sorted by comparison


@njit(cache=True)
def sort_distinct(hashes: Hashes, bounds: Ints) -> None:
    """Sort each text's part, move its distinct values to the front of what follows, and set the bounds to these."""
    longest = np.diff(bounds).max() if len(bounds) > 1 else 0
    part, ends = np.empty(longest, dtype=np.uint64), np.empty(2 * longest + 2, dtype=np.int64)
    at, start = 0, bounds[0]
    for d in range(len(bounds) - 1):
        count = bounds[d + 1] - start
        _sort(hashes[start : start + count], part, ends)
        start = bounds[d + 1]
        for i in range(count):
            if i == 0 or part[i] != part[i - 1]:
                hashes[at] = part[i]
                at += 1
        bounds[d + 1] = at


@njit(cache=True)
def _sort(values: Hashes, out: Hashes, ends: Ints) -> None:
    """Sort hashes: dealt by their leading bits into as many buckets, then put in order by insertion.

    Linear, since hashes are spread evenly; where a text is made so that they are not, they are sorted by comparison.
    """
    count, bits = len(values), 0
    while 1 << bits < count:
        bits += 1
    shift = np.uint64(63 - bits)  # in two steps below: a shift by 64 is undefined
    ends[: (1 << bits) + 1] = 0
    for h in values:
        ends[np.int64(h >> shift >> np.uint64(1)) + 1] += 1
    if count and ends[: (1 << bits) + 1].max() > FULLEST:
        out[:count] = np.sort(values)
        return
    for k in range(1 << bits):
        ends[k + 1] += ends[k]
    for h in values:
        bucket = np.int64(h >> shift >> np.uint64(1))
        out[ends[bucket]] = h
        ends[bucket] += 1
    for i in range(1, count):
        h, j = out[i], i - 1
        while j >= 0 and out[j] > h:
            out[j + 1] = out[j]
            j -= 1
        out[j + 1] = h
