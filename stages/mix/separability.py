"""Separability: how often a simple classifier tells a window of one set from a window of another one.

Multinomial naive Bayes on words and pairs of words, cross-fitted by documents: half of the documents teach and the
other half are asked, then the other way round, since windows of one document share its names. Documents of both sets
are left out. The answer is the area under the curve: .5 where nobody could tell, 1 where anybody could. It knows style,
topic and source from one another, and no loss from a gain.
"""

import math

import numpy as np
from numba import njit

from stages.mix.blocks import Blocks, Ids
from stages.mix.matched import Floats
from stages.shingles import Ints

ADDED = 0.5  # occurrences that every word has besides its own (Jeffreys)


def auc(blocks: Blocks, one: Ints, other: Ints) -> float:
    """How often a window of `one` (rows of `blocks`) looks more like `one` than a window of `other` does, ties half.

    .5 where a half of the documents of either set is empty.
    """
    both = np.intersect1d(blocks.clusters[one], blocks.clusters[other])
    sides = [rows[~np.isin(blocks.clusters[rows], both)] for rows in (one, other)]
    halves = [blocks.clusters[rows] & np.uint64(1) == 0 for rows in sides]  # clusters are hashes
    if any(not 0 < half.sum() < len(half) for half in halves):
        return 0.5
    found, pairs = 0.0, 0
    for taught in (True, False):
        a, b = (rows[half == taught] for rows, half in zip(sides, halves))
        asked = [rows[half != taught] for rows, half in zip(sides, halves)]
        ours, theirs = (_likelier(blocks, a, b, rows) for rows in asked)
        found, pairs = found + _above(ours, theirs), pairs + len(ours) * len(theirs)
    return found / pairs


def _likelier(blocks: Blocks, a: Ints, b: Ints, asked: Ints) -> Floats:
    """Of each row that is asked: the logarithm of how much likelier it is in rows a than in rows b.

    But for what all rows have alike: as many words, of sets of the same sizes.
    """
    words, pairs = (_told(blocks.views[v], blocks.sizes[v], a, b, asked) for v in ("1", "2"))
    return words + pairs


def _above(one: Floats, other: Floats) -> float:
    """Pairs in which the first lies above the second, ties half."""
    ranked = np.sort(other)
    below, upto = np.searchsorted(ranked, one, side="left"), np.searchsorted(ranked, one, side="right")
    return float((below + upto).sum()) / 2


@njit(cache=True)
def _told(ids: Ids, size: int, a: Ints, b: Ints, asked: Ints) -> Floats:
    ours, theirs = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for counts, rows in ((ours, a), (theirs, b)):
        for i in rows:
            for k in ids[i]:
                counts[k] += 1
    out = np.zeros(len(asked))
    for r in range(len(asked)):
        for k in ids[asked[r]]:
            if ours[k] != theirs[k]:
                out[r] += math.log((ours[k] + ADDED) / (theirs[k] + ADDED))
    return out
