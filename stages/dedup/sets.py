"""Sets: the shingle sets of a shard's candidates, beside all that judging them takes.

Knows the documents of one shard and which contents are candidates; not with whom they will be compared.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from stages import edits
from stages.dedup.keys import RANKS, scoped_keys, survivors
from stages.dedup.params import SetParams
from stages.dedup.ranking import ranked
from stages.shingles import Hashes, shingle_sets

COLUMNS = ("lot", "content", "size", "document", "old", *RANKS, "keys", "shingles")


def measure_sets(
    tables: Mapping[str, pl.DataFrame], params: SetParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """A shard's signatures, documents with text, edits, decisions, scores; dedup/lots whole -> dedup/sets.

    A row per candidate content of the shard, carried by its first document in the order of priority; sorted by lot.
    `keys` holds its bands' keys, `shingles` its set, both as little-endian 64-bit values, the set sorted.
    """
    rows = survivors(tables, params).join(tables["dedup/lots"], on="content", how="inner")
    first = ranked(rows, params.prefer).unique("content", keep="first", maintain_order=True).sort("lot", "content")
    wanted = first.select(doc_id="document")
    texts = wanted.join(tables["extract/documents"].select("doc_id", "text"), on="doc_id", maintain_order="left")
    spans = tables["quality/edits"].join(wanted, on="doc_id", how="semi")
    sets = shingle_sets(edits.apply_table(texts, spans)["text"], params.shingle)
    keys = scoped_keys(first["minhash"], first["scope"], params)
    return {"dedup/sets": packed(first, keys, sets)}


def packed(rows: pl.DataFrame, keys: Hashes, sets: list[Hashes]) -> pl.DataFrame:
    """Rows with their keys and sets as bytes, and the size of each set."""
    columns = {
        "size": pl.Series([len(s) for s in sets], dtype=pl.Int64),
        "keys": pl.Series([k.astype("<u8").tobytes() for k in keys], dtype=pl.Binary),
        "shingles": pl.Series([s.astype("<u8").tobytes() for s in sets], dtype=pl.Binary),
    }
    return rows.with_columns(**columns).select(COLUMNS)


def unpacked(column: pl.Series, width: int | None = None) -> Hashes:
    """The values of a column of bytes end to end, or `width` of them per row."""
    flat = np.frombuffer(b"".join(column.to_list()), dtype="<u8").astype(np.uint64, copy=False)
    return flat if width is None else flat.reshape(-1, width)
