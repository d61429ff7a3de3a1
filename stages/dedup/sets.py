"""Sets: the shingle sets of a shard's candidates, beside all that judging them takes.

Knows the documents of one shard and which contents are candidates; not with whom they will be compared.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from stages import edits
from stages.dedup.keys import RANKS, scope_of, scoped_keys
from stages.dedup.params import SetParams
from stages.dedup.ranking import ranked
from stages.shingles import Hashes, Ints, flat_sets

COLUMNS = ("lot", "content", "size", "document", "old", *RANKS, "keys", "shingles")


def measure_sets(
    tables: Mapping[str, pl.DataFrame], params: SetParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """A shard's members, lots, signatures, documents with text, edits -> dedup/sets.

    A row per candidate content of the shard, carried by its first document in the order of priority; sorted by lot.
    `keys` holds its bands' keys, `shingles` its set, both as little-endian 64-bit values, the set sorted.
    """
    own = tables["dedup/lots"].select("content", "lot")
    rows = ranked(tables["dedup/members"].join(own, on="content", how="inner"), params.prefer)
    rows = rows.unique("content", keep="first", maintain_order=True).sort("lot", "content")
    documents = tables["extract/documents"].select("doc_id", "source", "text")
    for table in (documents, tables["dedup/signatures"].select("doc_id", "minhash")):
        rows = rows.join(table, left_on="document", right_on="doc_id", how="left", maintain_order="left")
    spans = tables["quality/edits"].join(rows, left_on="doc_id", right_on="document", how="semi")
    texts = edits.apply_table(rows.select("text", doc_id="document"), spans)["text"]
    keys = scoped_keys(rows["minhash"], scope_of(rows["source"], params), params)
    return {"dedup/sets": packed(rows, keys, *flat_sets(texts, params.shingle))}


def packed(rows: pl.DataFrame, keys: Hashes, values: Hashes, bounds: Ints) -> pl.DataFrame:
    """Rows with their keys, their sets (end to end, with bounds) as bytes, and the size of each set."""
    ends = np.arange(len(keys) + 1, dtype=np.int64) * keys.shape[1]
    columns = {
        "size": pl.Series(np.diff(bounds)),
        "keys": as_bytes(keys.ravel(), ends),
        "shingles": as_bytes(values, bounds),
    }
    return rows.with_columns(**columns).select(COLUMNS)


def unpacked(column: pl.Series, width: int | None = None) -> Hashes:
    """The values of a column of bytes end to end, or `width` of them per row."""
    whole = column.to_frame("x").to_arrow(compat_level=pl.CompatLevel.oldest())["x"].combine_chunks()
    _, offsets, data = whole.buffers()
    if not len(whole):
        return np.empty((0, width) if width else 0, dtype=np.uint64)
    ends = np.frombuffer(offsets, dtype=np.int64)[[whole.offset, whole.offset + len(whole)]]
    flat = np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[1]].view("<u8").astype(np.uint64, copy=False)
    return flat if width is None else flat.reshape(-1, width)


def as_bytes(values: Hashes, bounds: Ints) -> pl.Series:
    """A column of bytes of values that lie end to end."""
    buffers = [None, pa.py_buffer(8 * bounds), pa.py_buffer(values.astype("<u8", copy=False))]
    return pl.Series(pa.Array.from_buffers(pa.large_binary(), len(bounds) - 1, buffers))
