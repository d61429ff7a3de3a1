"""Small parts of large files, for the report: sums of a census, a few rows by doc_id, the largest clusters.

Nothing here holds a whole table with text, or a census with a row per shard. The other reading side of the store; knows
what a census looks like, and of stages nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.store import Ref, Store

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_CENSUS = {"shard": pl.String, "metric": pl.String, "key": pl.String, "count": pl.Int64}
Sums = dict[str, dict[str, int]]
Row = Mapping[str, Any]


def sums(census: Path, metrics: Collection[str], prefixes: Sequence[str] = ()) -> Sums:
    """Metric -> key -> count over all shards, of the named metrics and of those that begin with a prefix."""
    wanted = pl.col("metric").is_in(list(metrics))
    for prefix in prefixes:
        wanted = wanted | pl.col("metric").str.starts_with(prefix)
    out: Sums = {}
    for metric, key, n in _added(census, wanted, "metric", "key").iter_rows():
        out.setdefault(metric, {})[key] = n
    return out


def by_shard(census: Path, metric: str, keys: Collection[str] | None = None) -> dict[str, dict[str, int]]:
    """Shard -> key -> count of one metric, sorted by shard; of `keys` alone where they are named."""
    wanted = pl.col("metric") == metric
    if keys is not None:
        wanted = wanted & pl.col("key").is_in(list(keys))
    out: dict[str, dict[str, int]] = {}
    for shard, key, n in _added(census, wanted, "shard", "key").iter_rows():
        out.setdefault(shard, {})[key] = n
    return out


def keys_ending(census: Path, metric: str, ending: str) -> pl.DataFrame:
    """`key` (without the ending) and `count` of one metric over all shards, sorted by key."""
    wanted = (pl.col("metric") == metric) & pl.col("key").str.ends_with(ending)
    return _added(census, wanted, "key").with_columns(pl.col("key").str.strip_suffix(ending))


def _added(census: Path, wanted: pl.Expr, *by: str) -> pl.DataFrame:
    if not census.is_file() or not census.stat().st_size:
        return pl.DataFrame(schema={**dict.fromkeys(by, pl.String), "count": pl.Int64})
    rows = pl.scan_ndjson(census, schema=_CENSUS).filter(wanted).group_by(by).agg(pl.col("count").sum())
    return rows.collect(engine="streaming").sort(by)


def rows_with(store: Store, ref: Ref, ids: Collection[str], columns: Sequence[str]) -> list[Row]:
    """Rows of a shard whose doc_id is one of `ids`, a row group in memory; none where the file cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(store.path(ref)) as file:
            return [row for group in _groups(file, ids, columns) for row in group]
    except (OSError, pa.ArrowInvalid, KeyError):
        return []


def _groups(file: pq.ParquetFile, ids: Collection[str], columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(ids), type=pa.string())
    for group in range(file.num_row_groups):
        found = pc.is_in(file.read_row_group(group, columns=["doc_id"]).column("doc_id"), value_set=wanted)
        places = pc.indices_nonzero(found)
        if len(places):
            yield file.read_row_group(group, columns=list(columns)).take(places).to_pylist()


def largest_clusters(store: Store, refs: Sequence[Ref], most: int) -> list[Row]:
    """cluster_id, cluster_size and the kept and removed documents of the largest clusters; ties by cluster_id."""
    try:
        lazy = pl.scan_parquet([store.path(ref) for ref in refs])
        heads = lazy.group_by("cluster_id").agg(pl.col("cluster_size").max())
        top = heads.collect(engine="streaming").sort(["cluster_size", "cluster_id"], descending=[True, False])[:most]
        mine = lazy.filter(pl.col("cluster_id").is_in(top["cluster_id"].implode())).collect(engine="streaming")
    except (OSError, pl.exceptions.PolarsError):
        return []
    counted = mine.group_by("cluster_id", maintain_order=True).agg(
        exact=(pl.col("kind") == "exact").sum(),
        near=(pl.col("kind") == "near").sum(),
        least=pl.col("similarity").min(),
        kept=pl.col("doc_id").filter(pl.col("kind").is_null()).min(),
        shards=pl.col("shard").n_unique(),
    )
    return list(top.join(counted, on="cluster_id", how="left", maintain_order="left").to_dicts())
