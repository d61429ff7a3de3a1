"""The files behind a manifest, looked into by their footers only: are they there, and are they as declared?"""

import hashlib

import polars as pl
import pyarrow as pa

from pipelines.outputs import Manifest
from pipelines.store import Ref, Store
from stages.quality import signals
from stages.schemas import TABLES

MOST_SHARDS = 200  # beyond, a sample by hash of the shard's name
Seen = tuple[str, str, int, int, str | None]


def look(store: Store, manifest: Manifest, unread: list[tuple[Ref, str]]) -> pl.DataFrame:
    """A row per file looked into: table, shard, rows, rows_in_file, fault. `unread`: files known to be at fault."""
    chosen = set(sample(sorted({ref.shard for ref in manifest.refs}), MOST_SHARDS))
    seen = [_look_into(store, ref) for ref in manifest.refs if ref.shard in chosen]
    seen += [(ref.table, ref.shard, ref.rows, ref.rows, why) for ref, why in unread if ref.shard not in chosen]
    schema = {"table": pl.String, "shard": pl.String, "rows": pl.Int64, "rows_in_file": pl.Int64, "fault": pl.String}
    return pl.DataFrame(seen, schema=schema, orient="row")


def sample(shards: list[str], most: int) -> list[str]:
    """At most `most` of them, always the same."""
    return sorted(shards, key=lambda shard: hashlib.sha256(shard.encode()).digest())[:most]


def _look_into(store: Store, ref: Ref) -> Seen:
    footer, declared = store.footer(ref), schema_of(ref.table)
    if footer is None:
        return ref.table, ref.shard, ref.rows, -1, "the file is missing or is no Parquet"
    fault = "no schema is declared for this table" if declared is None else difference(footer[0], declared)
    return ref.table, ref.shard, ref.rows, footer[1], fault


def schema_of(table: str) -> pa.Schema | None:
    """The schema declared for a table, or None."""
    stage, _, family = table.partition("/signals/")
    if stage == "quality" and family in signals.families():
        return signals.schema(family)
    return TABLES.get(table)


def difference(found: pa.Schema, declared: pa.Schema) -> str | None:
    """What differs first, or None where column names, order, types and the schema version agree."""
    if found.names != declared.names:
        odd = sorted(set(found.names) ^ set(declared.names))
        return f"columns differ: {', '.join(odd)}" if odd else "columns are in another order"
    for one, other in zip(found, declared):
        if one.type != other.type:
            return f"column {one.name} is {one.type}, declared as {other.type}"
    versions = [(s.metadata or {}).get(b"schema_version", b"").decode() for s in (found, declared)]
    return None if versions[0] == versions[1] else f"schema version is {versions[0]!r}, declared as {versions[1]!r}"
