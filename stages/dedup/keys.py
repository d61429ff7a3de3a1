"""Keys: what of a surviving document takes part in the search, and who may meet whom.

A *content* is a text within a scope: 64 bits of its digest, mixed with those of the scope, so that documents of
different scope never meet. Each band of a content's signature gives one 64-bit key; two contents with an equal key are
candidates. Knows the survivors of one shard; no text, and no other shard.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from stages.dedup.candidates import band_keys
from stages.dedup.params import KeyParams
from stages.shingles import Hashes, Ints

RANKS = ("date", "chars", "score", "source_rank", "host_rank")  # what a policy may ask
_SMALLEST = np.uint64(2**63)


def measure_keys(
    tables: Mapping[str, pl.DataFrame], params: KeyParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """A shard's dedup/signatures, extract/documents, quality/{decisions,scores} -> dedup/members, dedup/keys.

    Members: a row per survivor of quality, sorted by content. Keys: a row per distinct content with shingles and per
    band, sorted by key. Both sorted so that a range of them is read without the rest.
    """
    rows = survivors(tables, params)
    members = rows.select("document", "content", "exact", "old", *RANKS).sort("content", "document")
    return {"dedup/members": members, "dedup/keys": key_rows(rows, params)}


def survivors(tables: Mapping[str, pl.DataFrame], params: KeyParams) -> pl.DataFrame:
    """Survivors of a shard in their order: document, exact, size, minhash, scope, content, and what ranks them."""
    rows = tables["quality/decisions"].filter("keep").select("doc_id")
    known = tables["extract/documents"].select("doc_id", "date", "n_chars", "source", "host")
    for table in (tables["dedup/signatures"], known, tables["quality/scores"]):
        rows = rows.join(table, on="doc_id", how="left", maintain_order="left")
    scope = scope_of(rows["source"], params)
    return rows.select(
        "exact",
        "minhash",
        size="n_shingles",
        scope=scope,
        document="doc_id",
        old=pl.lit(False),
        content=pl.Series(contents(rows["exact"], scope), dtype=pl.Int64),
        date=pl.col("date").str.strip_suffix("Z"),
        chars="n_chars",
        score=pl.col("quality_score").cast(pl.Float64),
        source_rank=_place(rows["source"], params.prefer_sources),
        host_rank=_place(rows["host"], params.prefer_hosts),
    )


def key_rows(rows: pl.DataFrame, params: KeyParams) -> pl.DataFrame:
    """(minhash, scope, content, size) -> dedup/keys: a row per distinct content with shingles and per band, sorted."""
    distinct = rows.filter(pl.col("size") > 0).unique("content", keep="first", maintain_order=True)
    matrix = scoped_keys(distinct["minhash"], distinct["scope"], params)
    content, size = (np.repeat(distinct[name].to_numpy(), params.bands) for name in ("content", "size"))
    keys = pl.DataFrame({"key": ordered(matrix.ravel()), "content": content, "size": size})
    return keys.unique().sort("key", "content")


def scope_of(sources: pl.Series, params: KeyParams) -> pl.Series:
    """The scope of each document by its source. A source that no group names is a group of its own."""
    if params.scope == "global":
        return pl.Series("scope", [""] * len(sources), dtype=pl.String)
    groups = params.groups if params.scope == "groups" else {}
    group = {source: f"group:{name}" for name, members in groups.items() for source in members}
    names = [group.get(source, f"source:{source}") for source in sources.fill_null("").to_list()]
    return pl.Series("scope", names, dtype=pl.String)


def scoped_keys(minhash: pl.Series, scope: pl.Series, params: KeyParams) -> Hashes:
    """One key per content and band (contents x bands): equal where scope, band and the band's values are."""
    if not len(minhash):
        return np.empty((0, params.bands), dtype=np.uint64)
    bands = _salts([f"band:{b}" for b in range(params.bands)])
    return band_keys(minhash, params.bands, params.rows) ^ _scopes(scope)[:, None] ^ bands[None, :]


def contents(exact: pl.Series, scope: pl.Series) -> Ints:
    """The content of each document, from the digest of its text and its scope."""
    first = np.frombuffer(b"".join(exact.to_list()), dtype="<u8").reshape(-1, 2)[:, 0]
    return ordered(first.astype(np.uint64) ^ _scopes(scope))


def ordered(keys: Hashes) -> Ints:
    """Unsigned keys as signed integers of the same order, the form in which tables hold them."""
    return (keys ^ _SMALLEST).view(np.int64)


def _scopes(scope: pl.Series) -> Hashes:
    names = scope.unique(maintain_order=True).to_list()
    salt = dict(zip(names, _salts([f"scope:{name}" if name else "" for name in names]).tolist(), strict=True))
    return np.array([salt[name] for name in scope.to_list()], dtype=np.uint64)


def _salts(names: Sequence[str]) -> Hashes:
    """64 bits per name, none of them set for the empty one."""
    digests = [hashlib.blake2b(n.encode(), digest_size=8).digest() if n else bytes(8) for n in names]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _place(names: pl.Series, best_first: Sequence[str]) -> pl.Series:
    """The place of each name in a list of preferences; the list's length where it is not in it."""
    place = {name: i for i, name in enumerate(best_first)}
    return pl.Series([place.get(n, len(best_first)) for n in names.to_list()], dtype=pl.Int64)
