"""Sampling: how often a document enters the mixture, so that sources have the shares of tokens they are given.

Rates are a function of integer token totals per source; whether a document is taken, and how often, is a function of
its doc_id, the seed and its source's rate. So shards and their order move nothing. No text is read here.
"""

import hashlib
import math
from collections.abc import Mapping

import polars as pl

from stages.mix.params import PlanParams

Totals = Mapping[str, int]


class BadWeights(ValueError):
    """mix.weights cannot be met by any mixture. The message names the key."""


def plan(
    tables: Mapping[str, Mapping[str, pl.DataFrame]], params: PlanParams, models: Mapping[str, str]
) -> dict[str, pl.DataFrame]:
    """mix/sizes by shard -> mix/plan (a row per source, sorted) and mix/repeats.

    mix/repeats lists every doc_id that occurs more than once, with the shard that keeps it: the first by name with a
    row of it that may be sampled, or the first by name where there is none. Of one shard the first such row counts.
    mix/plan counts what may be sampled: `documents` and `tokens` without rejected rows and repeats, the `weight` asked
    for (null: what it has) and the `rate`, the expected number of copies of each document.
    """
    parts = [
        t.select("doc_id", "source", "origin", "n_tokens", usable=USABLE, shard=pl.lit(s))
        for s, t in sorted(tables["mix/sizes"].items())
    ]
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=_ROWS)
    able_first = pl.concat([rows.filter("usable"), rows.filter(~pl.col("usable"))])
    first = able_first.unique("doc_id", keep="first", maintain_order=True)
    seen = rows.filter(pl.col("doc_id").is_duplicated()).select("doc_id")
    repeats = first.join(seen, on="doc_id", how="semi", maintain_order="left").select("doc_id", "shard").sort("doc_id")
    return {"mix/plan": _plan(first, params), "mix/repeats": repeats}


USABLE = ~(pl.col("taken_down") | pl.col("no_text") | pl.col("emptied") | pl.col("missing").is_not_null())
_ROWS = {
    "doc_id": pl.String,
    "source": pl.String,
    "origin": pl.String,
    "n_tokens": pl.Int64,
    "usable": pl.Boolean,
    "shard": pl.String,
}


def _plan(rows: pl.DataFrame, params: PlanParams) -> pl.DataFrame:
    usable = rows.with_columns(n_tokens=pl.when("usable").then("n_tokens").otherwise(0))
    table = usable.group_by("source", "origin", maintain_order=True).agg(
        documents=pl.col("usable").sum().cast(pl.Int64), tokens=pl.col("n_tokens").sum()
    )
    totals = dict(table.group_by("source", maintain_order=True).agg(pl.col("tokens").sum()).sort("source").iter_rows())
    weights, found = params.weights or {}, rates(totals, params.weights, params.max_copies)
    absent = [(s, None, 0, 0) for s in sorted(weights) if s not in totals]
    every = pl.concat([table, pl.DataFrame(absent, schema=table.schema, orient="row")]).sort("source", "origin")
    return every.with_columns(
        weight=pl.Series([weights.get(s) for s in every["source"]], dtype=pl.Float64),
        rate=pl.Series([found.get(s, 1.0) for s in every["source"]], dtype=pl.Float64),
    )


def rates(totals: Totals, weights: Mapping[str, float] | None, max_copies: int) -> dict[str, float]:
    """Copies per document for every source with tokens, so that shares of tokens equal the weights.

    Sources without a weight have rate 1, and the weighted ones are sized to fill the share that is left to them; a
    source that would need more than max_copies gets max_copies. If every source is weighted, weights are taken as
    proportions, and the mixture is as large as the material, or smaller where a source at max_copies binds: shares are
    met, size gives way. A weighted source without material is left out: its row in mix/plan says so. Raises BadWeights.
    """
    named = {s: w for s, w in sorted((weights or {}).items()) if totals.get(s, 0) > 0}
    free = sum(tokens for source, tokens in totals.items() if source not in (weights or {}))
    share = math.fsum(named.values())
    if any(w < 0 for w in named.values()):
        raise BadWeights("mix.weights: a share of tokens cannot be negative")
    if free and share >= 1:
        raise BadWeights(f"mix.weights: the shares sum up to {share:g}, which leaves nothing to the sources not named")
    if free or share == 0:
        size = free / (1 - share)
    else:
        bounds = [max_copies * totals[s] / w for s, w in named.items() if w]
        size = min(sum(totals[s] for s in named) / share, *bounds)
    found = {s: min(float(max_copies), _twelve_digits(w * size / totals[s])) for s, w in named.items()}
    return {source: found.get(source, 1.0) for source, tokens in totals.items() if tokens > 0}


def _twelve_digits(value: float) -> float:
    """Without the last digits, where 1 would otherwise come out as 0.9999999999999999."""
    return float(f"{value:.12g}")


def unit(doc_id: str, seed: int) -> float:
    """A number in [0, 1) that is a function of the document and the seed, with 53 bits."""
    return (int.from_bytes(_hash(f"sample:{seed}:{doc_id}"), "big") >> 11) / 2**53


def release_shard(doc_id: str, copy: int, shards: int) -> int:
    """The release shard of a copy of a document."""
    return int.from_bytes(_hash(f"release:{copy}:{doc_id}"), "big") % shards


def copies(units: pl.Expr, rate: pl.Expr) -> pl.Expr:
    """How often a document is taken: floor(rate), and once more if its unit lies below the rest."""
    return rate.floor().cast(pl.Int64) + (units < rate - rate.floor()).cast(pl.Int64)


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
