"""How often word n-grams occur, exact for a sample of n-grams: tables that add up to the table of the whole corpus.

Kept are the n-grams whose hash ends in `bits` zero bits (distinct sampling after Gibbons, 2001). A table keeps the
smallest `bits` with which a group (source, origin, n) stays at MAX_ROWS rows or below; tables are brought to the
largest `bits` among them and added. The merged sample is the same however rows were dealt. Counts of the kept n-grams
and the `total` of all occurrences are exact, so that estimates have no bias: types, types seen once, rarefaction.
"""

import math
from collections.abc import Iterable

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from stages.shingles import Hashes, normalise, shingles

MAX_ROWS = 1 << 16  # per source and n: 2.5 MB; a share of .2 then has a standard error of .002
ORDERS = (1, 2, 3, 8)
SUMMED = 1e6  # a type more frequent than this is nearly always seen, however small the part
GROUP = ("source", "origin", "n")
SCHEMA = {"source": pl.String, "origin": pl.String, "n": pl.Int64} | dict.fromkeys(
    ("bits", "total", "ngram", "count"), pl.Int64
)
Floats = NDArray[np.float64]


def count(documents: pl.DataFrame) -> pl.DataFrame:
    """The n-grams of documents (source, origin, text) by group, sampled."""
    groups = documents.select("source", "origin", "text").partition_by("source", "origin", maintain_order=True)
    tables = [_count(g["text"], g.item(0, "source"), g.item(0, "origin")) for g in groups]  # of one group each
    return pl.concat([pl.DataFrame(schema=SCHEMA), *tables]).sort(*GROUP, "ngram")


def _count(texts: pl.Series, source: str, origin: str) -> pl.DataFrame:
    """One group. What the sample so far leaves out is dropped before it is sorted."""
    samples = {n: _Sample((source, origin, n)) for n in ORDERS}
    for batch in normalise(texts):
        for n in ORDERS:
            samples[n].add(shingles(batch, n, short=False)[0])
    return pl.concat([s.table() for s in samples.values()])


class _Sample:
    """The sample of one group while it is read."""

    def __init__(self, group: tuple[str, str, int]) -> None:
        self.group = group
        self.bits, self.total, self.room = 0, 0, 4 * MAX_ROWS
        self.held: list[pl.DataFrame] = []
        self.waiting: list[Hashes] = []

    def add(self, hashes: Hashes) -> None:
        """All n-grams of a batch, with repeats."""
        self.total += len(hashes)
        self.waiting.append(hashes[hashes & np.uint64(2**self.bits - 1) == 0])
        if sum(map(len, self.waiting)) > self.room:
            self.table()

    def table(self) -> pl.DataFrame:
        """What is known so far."""
        every = np.concatenate(self.waiting) if self.waiting else np.empty(0, dtype=np.uint64)
        found, counts = np.unique(every, return_counts=True)
        columns = {"ngram": found.view(np.int64), "count": counts.astype(np.int64)}
        key = dict(zip(GROUP, map(pl.lit, self.group)))
        new = pl.DataFrame(columns).with_columns(**key, bits=pl.lit(self.bits), total=pl.lit(self.total))
        merged = merge([*self.held, new.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())])
        self.held, self.waiting, self.total = [merged], [], 0
        self.bits = int(merged["bits"].max() or 0)  # type: ignore[arg-type]
        return merged


def merge(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add tables: per group brought to one `bits`, raised until it has at most MAX_ROWS rows."""
    held = pl.DataFrame(schema=SCHEMA)
    for part in parts:  # one after the other, so that no more than two are in memory
        held = _thinned(_sum(held, part.select(*SCHEMA)))
    return held.sort(*GROUP, "ngram")


def _sum(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    totals = pl.concat([_totals(one), _totals(other)]).group_by(GROUP, maintain_order=True).agg(pl.col("total").sum())
    rows = pl.concat([one, other]).with_columns(pl.col("bits").max().over(GROUP)).filter(_ends_in_zeros("bits"))
    summed = rows.group_by(*GROUP, "bits", "ngram", maintain_order=True).agg(pl.col("count").sum())
    return summed.join(totals, on=GROUP, how="left", maintain_order="left").select(*SCHEMA)


def _totals(table: pl.DataFrame) -> pl.DataFrame:
    return table.group_by(GROUP, maintain_order=True).agg(pl.col("total").first())


def _thinned(summed: pl.DataFrame) -> pl.DataFrame:
    crowded = pl.len().over(GROUP) > MAX_ROWS
    while summed.select(crowded.any()).item():
        summed = summed.with_columns(bits=pl.col("bits") + crowded.cast(pl.Int64)).filter(_ends_in_zeros("bits"))
    return summed


def _ends_in_zeros(bits: str) -> pl.Expr:
    """True where the n-gram's low `bits` bits are zero."""
    return (pl.col("ngram") & (pl.lit(2, dtype=pl.Int64).pow(pl.col(bits)).cast(pl.Int64) - 1)) == 0


def figures(table: pl.DataFrame) -> dict[str, float | int | None]:
    """Estimates for one group: occurrences, types, and the Good-Turing mass `unseen`, types seen once / occurrences."""
    scale, total = _scale(table), _total(table)
    once = int((table["count"] == 1).sum()) * scale
    unseen = min(1.0, once / total) if total else None
    return {"occurrences": total, "types": table.height * scale, "unseen": unseen}


def _scale(table: pl.DataFrame) -> int:
    return 1 << int(table["bits"].max() or 0)  # type: ignore[arg-type]


def _total(table: pl.DataFrame) -> int:
    return int(table["total"].max() or 0)  # type: ignore[arg-type]


def rarefied(table: pl.DataFrame, sizes: Iterable[int]) -> list[float | None]:
    """The types to be expected in a part of n occurrences, for each n; null above the occurrences there are.

    E[V(n)] = sum over types of 1 - C(N - c, n) / C(N, n), with the counts c of the sample and N of the whole group.
    """
    spectrum = table.group_by("count", maintain_order=True).len().sort("count")
    seen, types = (spectrum[c].to_numpy().astype(np.float64) for c in ("count", "len"))
    scale, total = _scale(table), _total(table)
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
