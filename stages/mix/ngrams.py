"""How often word n-grams occur, exact for a sample of n-grams: tables that add up to the table of the whole corpus.

Kept are the n-grams whose hash ends in `bits` zero bits (distinct sampling after Gibbons, 2001). A table keeps the
smallest `bits` with which a group (source, origin, n) stays at MAX_ROWS rows or below; tables are brought to the
largest `bits` among them and added. The merged sample is the same however rows were dealt. Counts of the kept n-grams
and the `total` of all occurrences are exact, so that estimates have no bias: types, rarefaction.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages.shingles import Ints, normalise, shingles

MAX_ROWS = 1 << 16  # per source and n: 2.5 MB; a share of .2 then has a standard error of .002
ORDERS = (1,)  # n of what is counted: whole sources have curves of words; longer runs are compared on windows
SUMMED = 1e6  # a type more frequent than this is nearly always seen, however small the part
GROUP = ("source", "origin", "n")
SCHEMA = {"source": pl.String, "origin": pl.String, "n": pl.Int64} | dict.fromkeys(
    ("bits", "total", "ngram", "count"), pl.Int64
)
Floats = NDArray[np.float64]


class Counter:
    """The n-grams of everything that was added, by group, sampled."""

    def __init__(self) -> None:
        self.samples: dict[tuple[str, str, int], _Sample] = {}

    def add(self, documents: pl.DataFrame) -> None:
        """Documents: source, origin, text. What the sample so far leaves out is dropped before it is sorted."""
        for (source, origin), group in documents.partition_by(
            "source", "origin", as_dict=True, maintain_order=True
        ).items():
            for batch in normalise(group["text"]):
                for n in ORDERS:
                    hashes = shingles(batch, n, short=False)[0].view(np.int64)
                    self._sample(source, origin, n).put(hashes, np.ones(len(hashes), dtype=np.int64), len(hashes))

    def put(self, table: pl.DataFrame) -> None:
        """Another counter's table."""
        for (source, origin, n), group in by_group(table).items():
            sample = self._sample(source, origin, n)
            sample.raise_to(_bits(group))
            sample.put(group["ngram"].to_numpy(), group["count"].to_numpy(), _total(group))

    def _sample(self, *group: Any) -> "_Sample":
        return self.samples.setdefault(group, _Sample())

    def table(self) -> pl.DataFrame:
        """Sorted by group and n-gram."""
        tables = [sample.table(group) for group, sample in self.samples.items()]
        return pl.concat([pl.DataFrame(schema=SCHEMA), *tables]).sort(*GROUP, "ngram")


def merge(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add tables: per group brought to one `bits`, raised until it has at most MAX_ROWS rows."""
    found = Counter()
    for part in parts:
        found.put(part)
    return found.table()


class _Sample:
    """The sample of one group while it grows: distinct n-grams in order and how often each occurs, and what waits."""

    def __init__(self) -> None:
        self.bits, self.total = 0, 0
        self.held = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        self.waiting: list[tuple[Ints, Ints]] = []

    def put(self, ngrams: Ints, counts: Ints, total: int) -> None:
        """N-grams, with repeats, and how often each occurs; `total`: with those that are not among them."""
        self.total += total
        self.waiting.append(self._sampled(ngrams, counts))
        if sum(len(ngrams) for ngrams, _ in self.waiting) > 4 * MAX_ROWS:
            self._settle()

    def raise_to(self, bits: int) -> None:
        """Keep no more than another sample has."""
        if bits > self.bits:
            self.bits = bits
            self.held, self.waiting = self._sampled(*self.held), [self._sampled(*w) for w in self.waiting]

    def _sampled(self, ngrams: Ints, counts: Ints) -> tuple[Ints, Ints]:
        kept = ngrams & (2**self.bits - 1) == 0
        return ngrams[kept], counts[kept]

    def _settle(self) -> None:
        ngrams, counts = (np.concatenate(side) for side in zip(self.held, *self.waiting))
        distinct, place = np.unique(ngrams, return_inverse=True)
        summed = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(summed, place, counts)
        self.held, self.waiting = (distinct, summed), []
        while len(self.held[0]) > MAX_ROWS:
            self.raise_to(self.bits + 1)

    def table(self, group: tuple[Any, ...]) -> pl.DataFrame:
        """What is known so far, under the group's names."""
        self._settle()
        known = [*zip(GROUP, group), ("bits", self.bits), ("total", self.total)]
        same = [pl.lit(value, SCHEMA[name]).alias(name) for name, value in known]
        return pl.DataFrame(dict(zip(("ngram", "count"), self.held))).with_columns(same).select(*SCHEMA)


def _bits(table: pl.DataFrame) -> int:
    return int(table["bits"].max() or 0)  # type: ignore[arg-type]


def _total(table: pl.DataFrame) -> int:
    return int(table["total"].max() or 0)  # type: ignore[arg-type]


def rarefied(table: pl.DataFrame, sizes: Iterable[int]) -> list[float | None]:
    """The types to be expected in a part of n occurrences, for each n; null above the occurrences there are.

    E[V(n)] = sum over types of 1 - C(N - c, n) / C(N, n), with the counts c of the sample and N of the whole group.
    """
    spectrum = table.group_by("count", maintain_order=True).len().sort("count")
    seen, types = (spectrum[c].to_numpy().astype(np.float64) for c in ("count", "len"))
    scale, total = (1 << _bits(table)), _total(table)
    return [scale * expected(seen, types, n, total) if n <= total else None for n in sizes]


def expected(counts: Floats, types: Floats, n: int, total: int) -> float:
    """Types among n of `total` occurrences; `types` of them occur `counts` times, which rise."""
    missed = np.zeros(len(counts), dtype=np.float64)
    _log_missed(counts, float(n), float(total), missed)
    return float(np.sum(types * -np.expm1(missed)))


@njit(cache=True)
def _area(y: float) -> float:
    """The integral of log from 0 to y."""
    return y * math.log(y) - y if y > 0 else 0.0


@njit(cache=True)
def _log_missed(counts: Floats, n: float, total: float, out: Floats) -> None:
    """Log of C(N - c, n) / C(N, n) for rising counts c: the sum of log(1 - n / (N - i)) over i below c."""
    done, log = 0.0, 0.0
    for k in range(len(counts)):
        c = counts[k]
        if c > total - n:
            out[k] = -np.inf
        elif c > SUMMED:  # beyond, by the integral: few types are so frequent, and for these it is right to 1e-5
            out[k] = _area(total - n) - _area(total - n - c) - _area(total) + _area(total - c)
        else:
            while done < c:
                log += math.log1p(-n / (total - done)) if n < total - done else -np.inf
                done += 1.0
            out[k] = log


def by_group(table: pl.DataFrame) -> dict[tuple[object, ...], pl.DataFrame]:
    """(source, origin, n) -> its rows."""
    return table.partition_by(*GROUP, as_dict=True, maintain_order=True)
