"""Matched controls: real text of the same composition, drawn again and again, against which a source is held.

Two sets of text of one kind differ by chance, two of different kinds by their kind. So a source is compared with real
windows of the same strata (domain, position, language) in the same numbers, never with real text at large. Controls are
drawn by document, since windows of one document resemble each other: documents come in the order of a hash of their
name and the number of the draw, and give as many windows each as the source's documents do, until strata are full.

A control holds at most a third of a stratum's reference. What is drawn without putting back varies by 1 - f of what new
text would, f being the share drawn, and the reference itself is one draw of many: deviations are widened by
sqrt((1 + f) / (1 - f)), so that p-values of real text against real text are uniform. p = (1 + draws at least as far) /
(draws + 1); over several statistics the largest deviation counts (max-T, Westfall and Young 1993).
This module sees hashes and numbers, no text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stages.shingles import Hashes, Ints, mix64

LARGEST = 3  # a control is at most one part in this many of its stratum's reference
UNMATCHED = 0.1  # share of a source that may lie in strata without enough reference, and is then left out
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """How many windows each stratum gives to the source and to each control, and how much is compared with nothing."""

    quota: Ints
    unmatched: float  # share of the source's windows

    @property
    def size(self) -> int:
        """Windows of the source, and of each control."""
        return int(self.quota.sum())


def plan(source: Ints, reference: Ints, cap: int) -> Plan:
    """Windows per stratum of the source and of its reference -> the largest plan of at most `cap` windows.

    Strata with too little reference would make every comparison small. They are left out, the worst first, while they
    hold at most UNMATCHED of the source; strata without any reference are left out in any case.
    """
    room = reference // LARGEST
    scales = np.where(source > 0, np.minimum(room / np.maximum(source, 1), 1.0), np.inf)
    kept, left = room > 0, int(source[room == 0].sum())
    for s in np.argsort(scales, kind="stable"):
        if kept[s] and scales[s] < 1 and left + source[s] <= UNMATCHED * source.sum():
            kept[s], left = False, left + int(source[s])
    total = int(source[kept].sum())
    scale = min(float(np.min(scales[kept], initial=1.0)), cap / max(total, 1))
    quota = np.where(kept, np.floor(source * scale + 1e-9), 0).astype(np.int64)
    return Plan(quota, left / max(int(source.sum()), 1))


def widening(controls: Sequence[Ints]) -> float:
    """What deviations from these draws are to be widened by; f is the share of a draw that another one has as well."""
    _, counts = np.unique(np.concatenate(controls), return_counts=True)
    pairs, size = len(controls) * (len(controls) - 1), max(len(controls[0]), 1)
    shared = min(float(np.sum(counts * (counts - 1))) / pairs / size, 0.9)
    return math.sqrt((1 + shared) / (1 - shared))


def draw(strata: Ints, clusters: Hashes, quota: Ints, limits: Sequence[Ints], seed: int) -> Ints:
    """Indices of the windows of one draw, sorted. `limits` by stratum: what its first, second … document may give.

    Documents beyond the end of a list begin it again. A stratum that is not full when every document has given what it
    may is filled without limits.
    """
    order = np.argsort(_priorities(clusters, np.uint64(seed)), kind="stable")
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum([len(one) for one in limits])])
    taken = np.zeros(len(strata), dtype=np.bool_)
    _fill(order, strata, clusters, quota, np.concatenate(limits).astype(np.int64), starts.astype(np.int64), taken)
    return np.flatnonzero(taken)


def evenly(most: int, strata: int) -> list[Ints]:
    """Limits under which every document may give `most`."""
    return [np.array([most], dtype=np.int64)] * strata


def spread(strata: Ints, clusters: Hashes, most: int, count: int) -> Ints:
    """Windows per stratum that are there if no document gives it more than `most`."""
    if not len(strata):
        return np.zeros(count, dtype=np.int64)
    order = np.lexsort((clusters, strata))
    own, cluster = strata[order], clusters[order]
    starts = np.flatnonzero(np.concatenate([[True], (own[1:] != own[:-1]) | (cluster[1:] != cluster[:-1])]))
    given = np.minimum(np.diff(np.append(starts, len(own))), most).astype(np.float64)
    return np.bincount(own[starts], weights=given, minlength=count).astype(np.int64)


def like(strata: Ints, clusters: Hashes, rows: Ints, least: Ints) -> list[Ints]:
    """Limits for controls: what each document gave to the draw `rows`, in the order of the draw, at least `least`."""
    out = []
    for s in range(len(least)):
        _, sizes = np.unique(clusters[rows[strata[rows] == s]], return_counts=True)
        out.append(np.maximum(sizes.astype(np.int64), least[s]) if len(sizes) else np.array([least[s]]))
    return out


@njit(cache=True)
def _priorities(clusters: Hashes, seed: np.uint64) -> Hashes:
    out = np.empty(len(clusters), dtype=np.uint64)
    for i in range(len(clusters)):
        out[i] = mix64(clusters[i] ^ mix64(seed + np.uint64(0x9E3779B97F4A7C15)))
    return out


@njit(cache=True)
def _fill(
    order: Ints, strata: Ints, clusters: Hashes, quota: Ints, limits: Ints, starts: Ints, taken: NDArray[np.bool_]
) -> None:
    left = quota.copy()
    document, met, given = -1, np.full(len(quota), -1), np.zeros(len(quota), dtype=np.int64)
    turn, limit = np.zeros(len(quota), dtype=np.int64), np.zeros(len(quota), dtype=np.int64)
    for k in range(len(order)):
        i, s = order[k], strata[order[k]]
        document += k == 0 or clusters[i] != clusters[order[k - 1]]
        if met[s] != document:  # the first window that this document has for the stratum
            met[s], given[s] = document, 0
            limit[s] = limits[starts[s] + turn[s] % (starts[s + 1] - starts[s])]
            turn[s] += 1
        if left[s] > 0 and given[s] < limit[s]:
            taken[i] = True
            left[s] -= 1
            given[s] += 1
    for i in order:
        if left[strata[i]] > 0 and not taken[i]:
            taken[i] = True
            left[strata[i]] -= 1


@dataclass(frozen=True)
class Tested:
    """Observed deviations in units of the controls' spread (positive: towards loss), and family-wise p-values."""

    deviations: Floats
    p_values: Floats


def compare(
    observed: Floats, controls: Floats, direction: Sequence[int], floors: Sequence[float], wider: float
) -> Tested:
    """Compare statistics (k) with those of controls (draws by k); direction -1 where a loss makes a statistic smaller.

    One-sided. The p-value of a statistic is the share of draws whose largest deviation over all statistics reaches it.
    `floors`: the least spread a statistic is given, for one of which all controls have none.
    """
    towards = np.asarray(direction, dtype=np.float64)
    mean = controls.mean(axis=0)
    spread_ = np.maximum(np.maximum(controls.std(axis=0, ddof=1), floors), 1e-12)
    deviations = towards * (observed - mean) / (spread_ * wider)
    largest = (towards * (controls - mean) / spread_).max(axis=1)
    reached = (largest[:, None] >= deviations[None, :]).sum(axis=0)
    return Tested(deviations, (1 + reached) / (len(controls) + 1))
