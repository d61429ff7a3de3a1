"""Rows of a stage's tables, by their narrow columns: all of them up to LIMIT, beyond that a sample by hash of doc_id.

The sample goes by the last digits of doc_id, which is a hash: a document and its repeats are in or out together, and
what is no doc_id is always in. Reads no text; of `detail` it takes the length alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from pipelines.errors import Infrastructure
from pipelines.gates.checks import Suite
from pipelines.gates.files import sample, schema_of
from pipelines.outputs import Manifest
from pipelines.store import Ref, Store

LIMIT = 1_000_000
MOST_FILES = 1_000  # of a table that is looked at row by row, where no expectation is about all rows together
EVERY = ("extract/documents", "dedup/clusters", "mix/documents")
DIGITS = 8
REPEATS = ("repeated_record", "repeated_document", "damaged_region")  # the last: equal files have equal regions
DUPLICATES = ("exact_duplicate", "near_duplicate", "semantic_duplicate")
DECISION = ("doc_id", "keep", "reason", "value", "bound", "related_doc_id", "detail")
WIDE = ("text", "title", "url", "host", "minhash", "exact", "replacement", "also")


@dataclass(frozen=True)
class Looked:
    """Row frames by name, with the rows there are (null where a sample hides it); and files that could not be read."""

    frames: dict[str, tuple[pl.DataFrame, int | None]] = field(default_factory=dict)
    unread: list[tuple[Ref, str]] = field(default_factory=list)


def look(store: Store, suite: Suite, manifest: Manifest) -> Looked:
    """The frames of a suite's decisions and of the tables it looks at."""
    looked = Looked()
    table = f"{suite.stage}/decisions"
    decisions, total = _rows(store, table, manifest.shards(table), DECISION, looked.unread)
    decisions = decisions.with_columns(detail_chars=pl.col("detail").str.len_chars().cast(pl.Int64)).drop("detail")
    for name, data in _views(decisions, _rate(total)).items():
        looked.frames[name] = data, total if data is decisions else data.height if _rate(total) == 1 else None
    for table in suite.rows:
        columns = tuple(name for name in _declared(table).names if name not in WIDE)
        found = _rows(store, table, manifest.shards(table), columns, looked.unread)
        looked.frames[table.partition("/")[2]] = found
    return looked


def _views(decisions: pl.DataFrame, rate: float) -> dict[str, pl.DataFrame]:
    """The decisions, and the parts of them that an expectation is about."""
    reason = pl.col("reason").fill_null("")
    bounded = decisions.filter(pl.col("value").is_not_null() & pl.col("bound").is_not_null())
    duplicates = decisions.filter(reason.is_in(DUPLICATES))
    return {
        "decisions": decisions,
        "distinct": decisions.filter(~reason.is_in(REPEATS)),
        "kept": decisions.filter("keep"),
        "rejected": decisions.filter(~pl.col("keep")),
        "below": bounded.filter(reason.str.ends_with("_below")),
        "above": bounded.filter(reason.str.ends_with("_above")),
        "duplicates": duplicates,
        "twins": _twins(decisions, duplicates, rate),
    }


def _twins(decisions: pl.DataFrame, duplicates: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Duplicates with what was decided on their twin, as far as the sample would hold the twin."""
    fates = decisions.select(related_doc_id="doc_id", related_keep="keep").unique("related_doc_id", maintain_order=True)
    named = duplicates.filter(pl.col("related_doc_id").is_not_null() & _sampled("related_doc_id", rate))
    return named.join(fates, on="related_doc_id", how="left", maintain_order="left")


def _declared(table: str) -> pa.Schema:
    schema = schema_of(table)
    if schema is None:
        raise ValueError(f"{table}: no schema is declared for this table")
    return schema


def _rows(
    store: Store, table: str, refs: tuple[Ref, ...], columns: tuple[str, ...], unread: list[tuple[Ref, str]]
) -> tuple[pl.DataFrame, int]:
    """The chosen rows of all shards, and how many rows there are."""
    total = sum(ref.rows for ref in refs)
    if table not in EVERY and not table.endswith("/decisions"):
        refs = _some(refs)
    empty = pl.DataFrame(pl.from_arrow(_declared(table).empty_table())).select(columns)
    parts = [_named(empty, ""), *_parts(store, refs, empty, _rate(total), unread)]
    return pl.concat(parts).head(2 * LIMIT), total


def _some(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
    """All shards, or of very many a sample."""
    chosen = set(sample([ref.shard for ref in refs], MOST_FILES))
    return tuple(ref for ref in refs if ref.shard in chosen)


def _parts(
    store: Store, refs: tuple[Ref, ...], empty: pl.DataFrame, rate: float, unread: list[tuple[Ref, str]]
) -> Iterator[pl.DataFrame]:
    for ref in refs:
        try:
            rows = store.read(ref, empty.columns)
        except Infrastructure:
            unread.append((ref, "the file cannot be read, or lacks a column"))
            continue
        if rows.schema != empty.schema:
            unread.append((ref, "the file has other types than declared"))
            continue
        yield _named(rows.filter(_sampled("doc_id", rate)) if rate < 1 else rows, ref.shard)


def _named(rows: pl.DataFrame, shard: str) -> pl.DataFrame:
    return _flat(rows).select(pl.lit(shard).alias("shard"), pl.exclude("shard"))


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Of a nested provenance only its origin is looked at."""
    if "provenance" not in rows.columns:
        return rows
    return rows.with_columns(pl.col("provenance").struct.field("origin")).drop("provenance")


def _rate(total: int) -> float:
    return min(1.0, LIMIT / total) if total else 1.0


def _sampled(column: str, rate: float) -> pl.Expr:
    """Whether a row is looked at; what does not end in hex digits always is."""
    number = pl.col(column).str.tail(DIGITS).str.to_integer(base=16, strict=False)
    chosen: pl.Expr = (number < rate * 16**DIGITS).fill_null(True)
    return chosen


def first_copies(store: Store, manifest: Manifest) -> int:
    """Documents of the mixture, each counted once however often it is repeated."""
    refs = manifest.shards("mix/documents")
    return sum(int((store.read(ref, ("copy",))["copy"] == 0).sum()) for ref in refs)
