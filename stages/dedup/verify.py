"""Verification: of texts in order of priority, which have a kept twin, by the exact similarity of their shingle sets.

A text is rejected if its similarity with an already kept text of one of its buckets is at least the threshold, so that
a rejected text never rejects another: of a chain A ~ B ~ C whose ends differ, A and C stay. Each bucket remembers its
first KEPT_PER_BUCKET kept texts, which bounds the work at bands x KEPT_PER_BUCKET comparisons per text even where a
template puts 10^5 different texts into one bucket. What that misses: a twin that was kept when every bucket it shares
with the text was already full. Counted as `places_refused`. Sets, not texts: this module knows no words.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.dedup.candidates import join
from stages.dedup.params import Measure
from stages.shingles import Hashes, Ints

Flags = NDArray[np.bool_]

KEPT_PER_BUCKET = 32
MAP_WORDS = 8  # 64 bytes per text


@dataclass(frozen=True)
class Verdicts:
    """Per text: its kept twin (-1: it is kept), the shingles it shares with it, and what these are a share of.

    `component` is the smallest index among the texts that verified pairs connect.
    """

    twin: Ints
    both: Ints
    total: Ints
    component: Ints
    compared: int
    verified: int
    places_refused: int


def judge(
    places: Ints, flat: Hashes, bounds: Ints, names: Ints, old: Flags, threshold: float, measure: Measure
) -> Verdicts:
    """Judge texts in the given order, which is that of their priority.

    Text i has the set flat[bounds[i]:bounds[i + 1]], sorted, and the buckets places[i] (-1: none). `names` ranks the
    texts by name: among equally similar kept twins the one with the smallest name is named. Texts that are `old` are
    kept and compared with nobody. A pair is verified if the share of common shingles reaches the threshold,
    unrounded: of the union (jaccard), or of the judged text's own (containment).
    """
    count = len(bounds) - 1
    room = np.minimum(np.bincount(places[places >= 0], minlength=1), KEPT_PER_BUCKET)
    seats = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(room)])
    twin, both, total = np.full(count, -1, dtype=np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
    parent, counts = np.arange(count, dtype=np.int64), np.zeros(3, dtype=np.int64)
    own = measure == "containment"
    _judge(places, seats, flat, bounds, names, old, threshold, own, twin, both, total, parent, counts)
    return Verdicts(twin, both, total, parent, int(counts[0]), int(counts[1]), int(counts[2]))


@njit(cache=True)
def _judge(
    places: Ints, seats: Ints, flat: Hashes, bounds: Ints, names: Ints, old: Flags, threshold: float, own: bool,
    twin: Ints, both: Ints, total: Ints, parent: Ints, counts: Ints,
) -> None:  # fmt: skip
    filled, kept = np.zeros(len(seats), dtype=np.int64), np.empty(seats[-1], dtype=np.int64)
    compared, maps = np.full(len(twin), -1, dtype=np.int64), bitmaps(flat, bounds)
    for i in range(len(twin)):
        mine = flat[bounds[i] : bounds[i + 1]]
        for bucket in places[i]:
            if bucket < 0 or old[i]:
                continue
            for j in kept[seats[bucket] : seats[bucket] + filled[bucket]]:
                if compared[j] == i:
                    continue
                compared[j] = i
                counts[0] += 1
                other = bounds[j + 1] - bounds[j]
                most = (len(mine) + other - differing(maps[i], maps[j])) // 2
                if not reaches(min(most, len(mine), other), len(mine), other, threshold, own):
                    continue
                common = common_if_similar(mine, flat[bounds[j] : bounds[j + 1]], threshold, own)
                if common < 0:
                    continue
                counts[1] += 1
                join(parent, i, j)
                of = len(mine) if own else len(mine) + other - common
                gain = common * total[i] - both[i] * of
                if twin[i] < 0 or gain > 0 or (gain == 0 and names[j] < names[twin[i]]):
                    twin[i], both[i], total[i] = j, common, of
        if twin[i] < 0:
            counts[2] += _seat(places[i], i, seats, filled, kept)
    for i in range(len(parent)):
        parent[i] = parent[parent[i]]  # a parent has the smaller index, so it is flat already


@njit(cache=True)
def _seat(own: Ints, i: int, seats: Ints, filled: Ints, kept: Ints) -> int:
    """Remember kept text i in its buckets; returns how many were full."""
    refused = 0
    for bucket in own:
        if bucket < 0:
            continue
        if filled[bucket] < seats[bucket + 1] - seats[bucket]:
            kept[seats[bucket] + filled[bucket]] = i
            filled[bucket] += 1
        elif filled[bucket] >= KEPT_PER_BUCKET:
            refused += 1
    return refused


@njit(cache=True)
def bitmaps(flat: Hashes, bounds: Ints) -> Hashes:
    """A bit per shingle among MAP_WORDS words per text: two maps differ in no more bits than their sets in shingles.

    By it most pairs are refuted without a walk through both sets (Sandes et al. 2020, bitmap filter); exact.
    """
    maps = np.zeros((len(bounds) - 1, MAP_WORDS), dtype=np.uint64)
    for i in range(len(maps)):
        for h in flat[bounds[i] : bounds[i + 1]]:
            maps[i, (h >> np.uint64(6)) % np.uint64(MAP_WORDS)] |= np.uint64(1) << (h & np.uint64(63))
    return maps


@njit(cache=True)
def differing(a: Hashes, b: Hashes) -> int:
    """Bits in which two maps differ."""
    total = np.uint64(0)
    for k in range(len(a)):
        x = a[k] ^ b[k]
        x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
        x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
        x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        total += (x * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return int(total)


@njit(cache=True)
def reaches(common: int, size: int, other: int, threshold: float, own: bool) -> bool:
    """Whether so many common shingles are a large enough share: of the union, or, if `own`, of the first's size."""
    return common > 0 and common / (size if own else size + other - common) >= threshold


@njit(cache=True)
def common_if_similar(a: Hashes, b: Hashes, threshold: float, own: bool = False) -> int:
    """Size of the intersection of two sorted sets if its share reaches the threshold, else -1.

    Stops as soon as the rest cannot reach the threshold any more.
    """
    i = j = common = 0
    best = min(len(a), len(b))  # the intersection if all that is left matched
    while reaches(best, len(a), len(b), threshold, own):
        if i == len(a) or j == len(b):
            return common
        if a[i] == b[j]:
            i, j, common = i + 1, j + 1, common + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
        best = common + min(len(a) - i, len(b) - j)
    return -1
