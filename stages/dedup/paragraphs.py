"""Paragraphs that many pages of one host repeat: counted by key, and removed by edits. Off unless params ask for it.

A paragraph is a line of extract's text; two are equal if their normalised words are. Notices, footers and teasers that
an extractor took for content stand on hundreds of pages of a host; a quotation does not. Knows the documents that dedup
keeps: copies of a page repeat all of its paragraphs, and counted with them, the one that stays would lose its text.
"""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import pairwise

import polars as pl

from stages.dedup.params import ParagraphParams
from stages.shingles import normalise

KIND = "repeated_paragraph"
_KEYS = {"key": pl.Int64, "pages": pl.Int64}


def measure_paragraphs(
    tables: Mapping[str, pl.DataFrame], params: ParagraphParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """A shard's extract/documents and dedup/decisions -> dedup/paragraphs: on how many pages each one stands.

    `key` is of host and words, `pages` counts each page once; sorted by key.
    """
    rows = lines(tables, params).unique(["doc_id", "key"], maintain_order=True)
    counted = rows.group_by("key", maintain_order=True).agg(pages=pl.len().cast(pl.Int64))
    return {"dedup/paragraphs": counted.sort("key")}


def repeated(parts: Iterable[pl.DataFrame], params: ParagraphParams) -> pl.DataFrame:
    """dedup/paragraphs of a range of keys by shard -> dedup/repeated: the keys on at least min_pages pages, sorted."""
    rows = pl.concat([pl.DataFrame(schema=_KEYS), *parts])
    counted = rows.group_by("key", maintain_order=True).agg(pl.col("pages").sum()).sort("key")
    return counted.filter(pl.col("pages") >= (params.min_pages or 0))


def remove(
    tables: Mapping[str, pl.DataFrame], params: ParagraphParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """A shard's extract/documents and dedup/decisions, dedup/repeated whole -> dedup/edits: their spans, deleted."""
    found = lines(tables, params).join(tables["dedup/repeated"], on="key", how="semi", maintain_order="left")
    nothing = pl.lit(None, dtype=pl.String)
    return {"dedup/edits": found.select("doc_id", "start", "end", replacement=nothing, kind=pl.lit(KIND))}


def lines(tables: Mapping[str, pl.DataFrame], params: ParagraphParams) -> pl.DataFrame:
    """Every line of min_words words and more of the kept documents that have a host: doc_id, start, end, key.

    Offsets are code points; the end lies behind the line's own line break.
    """
    kept = tables["dedup/decisions"].filter("keep").select("doc_id")
    documents = tables["extract/documents"].filter(pl.col("host").is_not_null())
    rows = documents.select("doc_id", "host", "text").join(kept, on="doc_id", how="semi", maintain_order="left")
    rows = rows.with_columns(length=pl.col("text").str.len_chars().cast(pl.Int64))
    cut = rows.with_columns(line=pl.col("text").cast(pl.String).str.split("\n")).drop("text").explode("line")
    width = pl.col("line").str.len_chars().cast(pl.Int64) + 1
    cut = cut.with_columns(end=width.cum_sum().over("doc_id"), width=width)
    cut = cut.with_columns(start=pl.col("end") - pl.col("width"), end=pl.min_horizontal("end", "length"))
    keys = _keys(cut["host"], cut["line"], params.min_words)
    return cut.select("doc_id", "start", "end", key=keys).filter(pl.col("key").is_not_null())


def _keys(hosts: pl.Series, texts: pl.Series, least: int) -> pl.Series:
    """64 bits of host and normalised words of each line; null where it has fewer words than `least`."""
    words = []
    for batch in normalise(texts):
        data = batch.data.tobytes()
        words += [data[a:b] for a, b in pairwise(batch.bounds.tolist())]
    keys = [_key(h, w) if w.count(b" ") + 1 >= least and w else None for h, w in zip(hosts.to_list(), words)]
    return pl.Series("key", keys, dtype=pl.Int64)


def _key(host: str, words: bytes) -> int:
    digest = hashlib.blake2b(host.encode() + b"\n" + words, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
