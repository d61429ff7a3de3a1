"""Whether a distribution moved: two measures on the bins of a census, each held against what chance alone would give.

- PSI, the population stability index (Siddiqi 2006, chapter 7; Yurdakul 2018 on its distribution): the sum over bins of
  (q - p) ln(q / p). In [0, inf). Half a document is added to every bin, so that an empty one has a logarithm. Null is a
  bin. By convention a shift below .1 is small and above .25 large.
- KS, the Kolmogorov-Smirnov distance: the largest difference of the two cumulative shares, in [0, 1], without nulls. On
  bins it is a lower bound of the distance on values.

The bound of either is the (1 - ALPHA) quantile of the same measure over RESAMPLES pairs of resamples, of the sizes of
the two sides, from both sides pooled: of two runs over samples of one crawl, one in a hundred would differ by more.
It says whether a shift is more than chance, and nothing about whether it matters. Where either side has fewer than
MIN_SHARDS shards, documents are resampled, else shards (in at most GROUPS groups, by hash), since pages of one shard
resemble each other. Two runs over the same pages share them, which makes these bounds wide for them. A column that has
only one bin has bounds of 0.

Resampling is seeded by a digest of the counts: same counts, same bounds. Knows no column's meaning.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 999
ALPHA = 0.01
MIN_SHARDS = 30
GROUPS = 200
NULL = "null"
Bins = Mapping[str, int]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shift:
    """One column on both sides. `bins`: (left edge, documents before, after), in order, nulls last."""

    n_before: int
    n_after: int
    psi: float
    psi_bound: float
    ks: float
    ks_bound: float
    resampled: str  # documents or shards
    bins: tuple[tuple[str, int, int], ...]

    @property
    def moved(self) -> bool:
        """Whether either measure is more than chance gives."""
        return self.psi > self.psi_bound or self.ks > self.ks_bound


def shift(before: Mapping[str, Bins], after: Mapping[str, Bins]) -> Shift | None:
    """Compare a column's histograms, given by shard; None where a side has no document."""
    keys = sorted({k for side in (before, after) for bins in side.values() for k in bins}, key=_place)
    one, two = (_grouped(side, keys) for side in (before, after))
    p, q = one.sum(axis=0), two.sum(axis=0)
    if not p.sum() or not q.sum():
        return None
    ordered = len(keys) - (NULL in keys)
    whole = min(len(before), len(after)) >= MIN_SHARDS
    rng = np.random.Generator(np.random.PCG64(_seed(keys, p, q)))
    pairs = _by_shards(rng, one, two) if whole else _by_documents(rng, p, q)
    return Shift(
        *(int(p.sum()), int(q.sum())),
        *_held(psi(p[None], q[None]), psi(*pairs)),
        *_held(ks(p[None], q[None], ordered), ks(*pairs, ordered)),
        "shards" if whole else "documents",
        tuple((k, int(a), int(b)) for k, a, b in zip(keys, p, q)),
    )


def psi(p: Ints, q: Ints) -> Floats:
    """Population stability index of each row of counts."""
    one, two = (_shares(counts + 0.5) for counts in (p, q))
    found: Floats = ((two - one) * np.log(two / one)).sum(axis=1)
    return found


def ks(p: Ints, q: Ints, ordered: int) -> Floats:
    """Kolmogorov-Smirnov distance of each row of counts, over its first `ordered` bins; 0 where it has none."""
    one, two = (_shares(np.cumsum(counts[:, :ordered], axis=1), last=True) for counts in (p, q))
    gaps: Floats = np.abs(one - two).max(axis=1, initial=0.0)
    return gaps


def _shares(counts: npt.NDArray[np.floating] | Ints, *, last: bool = False) -> Floats:
    if not counts.shape[1]:
        return counts.astype(np.float64)
    total = counts[:, -1:] if last else counts.sum(axis=1, keepdims=True)
    return counts / np.maximum(total, 1e-300)


def _held(observed: Floats, resampled: Floats) -> tuple[float, float]:
    """A measure and its bound, to six digits."""
    rank = int(np.ceil((1 - ALPHA) * (RESAMPLES + 1))) - 1
    return round(float(observed[0]), 6), round(float(np.sort(resampled)[rank]), 6)


def _by_documents(rng: np.random.Generator, p: Ints, q: Ints) -> tuple[Ints, Ints]:
    pooled = (p + q) / (p + q).sum()
    return rng.multinomial(int(p.sum()), pooled, size=RESAMPLES), rng.multinomial(int(q.sum()), pooled, size=RESAMPLES)


def _by_shards(rng: np.random.Generator, one: Ints, two: Ints) -> tuple[Ints, Ints]:
    """As many groups for each side as it has, drawn with replacement from the groups of both."""
    groups = np.concatenate([one, two])
    even = np.full(len(groups), 1 / len(groups))
    return rng.multinomial(len(one), even, size=RESAMPLES) @ groups, rng.multinomial(
        len(two), even, size=RESAMPLES
    ) @ groups


def _grouped(side: Mapping[str, Bins], keys: Sequence[str]) -> Ints:
    """(groups, bins): the counts of shards, shards beyond GROUPS dealt to groups by hash."""
    counts = np.zeros((max(1, min(len(side), GROUPS)), len(keys)), dtype=np.int64)
    place = {key: i for i, key in enumerate(keys)}
    for number, shard in enumerate(sorted(side)):
        digest = hashlib.blake2b(shard.encode(), digest_size=8).digest()
        group = number if len(side) <= GROUPS else int.from_bytes(digest, "big") % GROUPS
        for key, n in side[shard].items():
            counts[group, place[key]] += n
    return counts


def _place(key: str) -> tuple[int, float, str]:
    """`below` first, edges by value, words (true, false) after them, nulls last."""
    if key in ("below", NULL):
        return (0 if key == "below" else 3, 0.0, key)
    try:
        return 1, float(key), key
    except ValueError:
        return 2, 0.0, key


def _seed(keys: Sequence[str], p: Ints, q: Ints) -> int:
    text = json.dumps([list(keys), p.tolist(), q.tolist()])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
