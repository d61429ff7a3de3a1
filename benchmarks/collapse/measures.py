"""How well a score tells harmful sources from others, with intervals. Knows numbers, not what they are of.

Scores: larger is worse. Draws of a bootstrap are hashes, so that a table is the same every time.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from materials import unit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]
DRAWS = 500
LEVEL = 0.05  # false positives that a threshold may have among the cases it is read from


def auc(bad: Sequence[float], good: Sequence[float]) -> float | None:
    """The chance that a harmful case scores above another one, ties half; null where one side is empty."""
    if not bad or not good:
        return None
    ranked = np.sort(np.asarray(good, dtype=np.float64))
    below, upto = np.searchsorted(ranked, bad, side="left"), np.searchsorted(ranked, bad, side="right")
    return float((below + upto).sum() / (2 * len(bad) * len(good)))


def auc_interval(bad: Sequence[tuple[str, float]], good: Sequence[tuple[str, float]]) -> Interval | None:
    """95 % by resampling beds (the first of each pair) of either side; null where a side has fewer than three.

    Each side draws its own: a bed drawn twice by both would be held against itself more often than beds are.
    """
    sides = [_by_bed(bad), _by_bed(good)]
    if min(map(len, sides)) < 3:
        return None
    found = []
    for draw in range(DRAWS):
        drawn = [
            [s for i in range(len(beds)) for s in beds[int(unit("bootstrap", draw, side, i) * len(beds))]]
            for side, beds in enumerate(sides)
        ]
        found.append(auc(*drawn))
    return _percentiles([value for value in found if value is not None])


def _by_bed(side: Sequence[tuple[str, float]]) -> list[list[float]]:
    return [[s for b, s in side if b == bed] for bed in sorted({bed for bed, _ in side})]


def _percentiles(values: Sequence[float]) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def threshold(good: Sequence[float]) -> float:
    """The smallest score above which at most LEVEL of these lie."""
    ranked = sorted(good, reverse=True)
    return ranked[int(LEVEL * len(ranked))]


def share(hits: int, n: int) -> tuple[float, float, float] | None:
    """The share hits / n and its exact 95 % interval (Clopper and Pearson 1934); null for n 0."""
    if not n:
        return None
    low = 0.0 if hits == 0 else _solve(lambda p: 1 - _at_most(hits - 1, n, p) - 0.025)
    high = 1.0 if hits == n else _solve(lambda p: 0.025 - _at_most(hits, n, p))
    return hits / n, low, high


def _at_most(k: int, n: int, p: float) -> float:
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


def _solve(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return low


def uniform_distance(p_values: Sequence[float]) -> tuple[float, float] | None:
    """The largest amount by which p-values exceed uniform ones (Kolmogorov, one-sided), and the 5 % bound of it.

    One-sided: p-values that are too large waste power, and accuse nobody. Null for fewer than eight.
    """
    n = len(p_values)
    if n < 8:
        return None
    excess = max((i + 1) / n - p for i, p in enumerate(sorted(p_values)))
    return max(excess, 0.0), math.sqrt(math.log(1 / 0.05) / (2 * n))
