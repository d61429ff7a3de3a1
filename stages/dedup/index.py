"""The index of a release: its documents as dedup needs them later, and how a later run takes part of it in.

A row per crawled document of the release, with signature and shingle set, so that a later document is verified against
it without its text. Whom any stage rejected has none: nobody is removed for the sake of a text that no release holds.
New documents are compared with indexed ones and never the reverse: an indexed document is always kept, comes before all
others, and has no decision. Its name is marked inside the search, since the same page may be crawled again under the
same id. Knows one shard, or one file of an index.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from stages import edits
from stages.dedup.keys import RANKS, contents, key_rows, scope_of, scoped_keys
from stages.dedup.params import IndexParams
from stages.dedup.sets import as_bytes, packed, unpacked
from stages.shingles import flat_sets

VERSION = 1
MARK = "release:"
FIELDS = ("form", "document", "source", "exact", "size", "minhash", "shingles")


class ForeignIndex(ValueError):
    """An index that was made in another form, or with other params."""


def form(params: IndexParams) -> str:
    """What an index and a run must agree on."""
    sizes = f"bands={params.bands} rows={params.rows} shingle={params.shingle} seed={params.seed}"
    return f"dedup index {VERSION}: {sizes}"


def measure_index(
    tables: Mapping[str, pl.DataFrame], params: IndexParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """A shard's mix/decisions, dedup/signatures, extract/documents, quality/edits -> mix/index, a row per kept one.

    Sorted by document; `form` says how it was made, in every row. Texts are those that dedup compares: edits of dedup
    and toxicity are not applied, as they are not to a later document that is held against it.
    """
    kept = tables["mix/decisions"].filter("keep").select("doc_id").sort("doc_id")
    rows = kept.join(tables["dedup/signatures"], on="doc_id", how="left", maintain_order="left")
    rows = rows.join(
        tables["extract/documents"].select("doc_id", "source", "text"), on="doc_id", how="left", maintain_order="left"
    )
    spans = tables["quality/edits"].join(kept, on="doc_id", how="semi")
    sets = flat_sets(edits.apply_table(rows.select("doc_id", "text"), spans)["text"], params.shingle)
    rows = rows.rename({"doc_id": "document", "n_shingles": "size"}).with_columns(
        form=pl.lit(form(params)), shingles=as_bytes(*sets)
    )
    return {"mix/index": rows.select(FIELDS)}


def take_in(rows: pl.DataFrame, params: IndexParams) -> dict[str, pl.DataFrame]:
    """A file of an index -> dedup/members and dedup/keys, as `keys` gives them. Raises ForeignIndex naming the form."""
    known = _known(rows, params)
    members = known.select("document", "content", "exact", "old", *RANKS).sort("content", "document")
    return {"dedup/members": members, "dedup/keys": key_rows(known, params)}


def sets_of(rows: pl.DataFrame, lots: pl.DataFrame, params: IndexParams) -> dict[str, pl.DataFrame]:
    """A file of an index and dedup/lots -> dedup/sets of its candidates. Raises ForeignIndex naming the form."""
    found = _known(rows, params).join(lots, on="content", how="inner").sort("lot", "content", "document")
    found = found.unique("content", keep="first", maintain_order=True)
    keys = scoped_keys(found["minhash"], found["scope"], params)
    bounds = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(found["size"].to_numpy(), dtype=np.int64)])
    return {"dedup/sets": packed(found, keys, unpacked(found["shingles"]), bounds)}


def _known(rows: pl.DataFrame, params: IndexParams) -> pl.DataFrame:
    if tuple(rows.columns) != FIELDS:
        raise ForeignIndex(f"has not the columns of a {form(params)}")
    other = rows.filter(pl.col("form") != form(params))
    if len(other):
        raise ForeignIndex(f"was made as {other['form'][0]!r}, params.yaml asks for {form(params)!r}")
    scope = scope_of(rows["source"], params)
    nothing = {name: pl.lit(None, dtype=pl.Int64) for name in RANKS} | {
        "date": pl.lit(None, dtype=pl.String),
        "score": pl.lit(None, dtype=pl.Float64),
    }
    return rows.with_columns(
        document=MARK + pl.col("document"),
        scope=scope,
        content=pl.Series(contents(rows["exact"], scope), dtype=pl.Int64),
        old=pl.lit(True),
        **nothing,
    )
