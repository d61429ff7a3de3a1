"""The collapse verdict on a mixture: rules of provenance, which are exact, and one statistic of repetition.

PASS < WARN < ABSTAIN < REFUSE; a verdict is the worst of its reasons. Rules of provenance may refuse at any size:

- real_share_below: too few of the tokens are people's. A share of a half to two thirds is where mixtures stay stable
  (He et al. 2025, arXiv 2502.18049; Gerstgrasser et al. 2024). Copies of a document beyond the fourth do not count as
  real (Muennighoff et al. 2023). real_share_low is the warning above it.
- depth_share_above: too many tokens come from a generator that was trained on generated text, or nobody knows
  (generation_depth of 2 or more, or null).
- provenance_missing: a source has rows that do not say where they come from. Such rows never reach the mixture, but a
  source that cannot account for some of its rows is not trusted with the rest.

The statistic asks whether a source repeats itself: duplicate_share_above, the share of its word n-grams that occur more
than once in it. Over-concentrated n-grams are what collapses in mixtures with synthetic text (Zhu et al. 2024, arXiv
2412.14689). Six sets of people's texts (books, news, reviews, speeches, essays) have .002 to .016 at eight words, four
models' essays and stories .003 to .054, so that a bound of .2 accuses no ordinary text. With too few n-grams it
abstains: low_power. This module sees counts only, no text.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from stages.mix.counts import merge
from stages.mix.params import Collapse

SEVERITY = ("PASS", "WARN", "ABSTAIN", "REFUSE")
Shards = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is. `source` is null for the whole mixture, `field` names a provenance field."""

    code: str
    verdict: str
    source: str | None = None
    field: str | None = None
    value: float | None = None
    bound: float | None = None


def judge(tables: Mapping[str, Shards], params: Collapse, models: Mapping[str, str]) -> dict[str, Any]:
    """mix/shares and mix/ngrams by release shard, mix/sizes by input shard -> the content of collapse.json.

    Keys: verdict; reasons (worst first); figures of the whole; sources: name -> verdict, reasons, figures. Shares are
    of tokens, rounded to 1e-4 after they were compared with their bounds; null where there is nothing to divide by.
    """
    shares = _concat(tables["mix/shares"], _SHARES)
    missing = _missing(tables["mix/sizes"])
    names = sorted({*shares.filter(origin="synthetic")["source"], *missing})
    repeated = _repeated(tables["mix/ngrams"])
    sources = {n: _source(n, shares, repeated.get(n, (0, 0)), missing.get(n, {}), params) for n in names}
    whole = _mixture(shares, params) if names else [Reason("nothing_to_check", "PASS")]
    reasons = [*whole, *(r for _, (own, _) in sorted(sources.items()) for r in own)]
    return {
        **_verdict(reasons),
        "figures": _figures(shares),
        "sources": {n: {**_verdict(own), "figures": figures} for n, (own, figures) in sources.items()},
    }


_KEYS = {"source": pl.String, "origin": pl.String, "generator": pl.String, "generation_depth": pl.Int64}
_SHARES = _KEYS | dict.fromkeys(("documents", "tokens", "unique_tokens", "paid_tokens"), pl.Int64)


def _concat(shards: Shards, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=schema), *(shards[s].select(list(schema)) for s in sorted(shards))])


def _missing(sizes: Shards) -> dict[str, dict[str, int]]:
    """By source: provenance field -> number of rows that lack it; every synthetic source is a key."""
    out: dict[str, dict[str, int]] = {}
    for shard in sorted(sizes):
        rows = (
            sizes[shard]
            .filter(origin="synthetic")
            .select("source", pl.col("missing").str.split(", "))
            .explode("missing")
        )
        for source, field, count in rows.group_by("source", "missing", maintain_order=True).len().iter_rows():
            counts = out.setdefault(source, {})
            if field is not None:
                counts[field] = counts.get(field, 0) + count
    return out


def _repeated(tables: Shards) -> dict[str, tuple[int, int]]:
    """By source: (occurrences of sampled n-grams that occur at least twice, all, times the sampling factor)."""
    table = merge(tables[s] for s in sorted(tables))
    twice = pl.col("count").filter(pl.col("count") > 1).sum()
    rows = table.group_by("source", "bits", maintain_order=True).agg(twice.alias("twice"), pl.col("count").sum())
    return {s: (t << b, n << b) for s, b, t, n in rows.iter_rows()}


def _mixture(shares: pl.DataFrame, params: Collapse) -> list[Reason]:
    figures = _ratios(shares)
    real, deep = figures["real_share"], figures["depth_share"]
    reasons = []
    if real is not None and real < params.min_real_share:
        reasons.append(Reason("real_share_below", "REFUSE", value=_round(real), bound=params.min_real_share))
    elif real is not None and real < params.warn_real_share:
        reasons.append(Reason("real_share_low", "WARN", value=_round(real), bound=params.warn_real_share))
    if deep is not None and deep > params.max_unknown_depth_share:
        reasons.append(Reason("depth_share_above", "REFUSE", value=_round(deep), bound=params.max_unknown_depth_share))
    return reasons


def _source(
    name: str, shares: pl.DataFrame, repeated: tuple[int, int], missing: Mapping[str, int], params: Collapse
) -> tuple[list[Reason], dict[str, Any]]:
    twice, all_ = repeated
    share = _ratio(twice, all_)
    reasons = [Reason("provenance_missing", "REFUSE", name, f, float(n), 0.0) for f, n in sorted(missing.items())]
    if all_ < params.min_ngrams:
        reasons.append(Reason("low_power", "ABSTAIN", name, value=float(all_), bound=float(params.min_ngrams)))
    elif share is not None and share > params.max_duplicate_share:
        bound = params.max_duplicate_share
        reasons.append(Reason("duplicate_share_above", "REFUSE", name, value=_round(share), bound=bound))
    figures = _figures(shares.filter(source=name)) | {"ngrams": all_, "duplicate_share": _round(share)}
    return reasons, figures | {"missing": dict(sorted(missing.items()))}


def _figures(shares: pl.DataFrame) -> dict[str, Any]:
    totals = {name: int(shares[name].sum()) for name in ("documents", "tokens", "unique_tokens")}
    return totals | {name: _round(value) for name, value in _ratios(shares).items()}


def _ratios(shares: pl.DataFrame) -> dict[str, float | None]:
    """real_share, synthetic_share, depth_share (unknown or at least 2) and the largest generator's share."""
    total, synthetic = int(shares["tokens"].sum()), shares.filter(origin="synthetic")
    real = int(shares.filter(origin="crawl")["paid_tokens"].sum())
    made = int(synthetic["tokens"].sum())
    deep = int(synthetic.filter(pl.col("generation_depth").fill_null(2) >= 2)["tokens"].sum())
    by_generator = synthetic.group_by("generator", maintain_order=True).agg(pl.col("tokens").sum())["tokens"]
    parts = {"real_share": real, "synthetic_share": made, "depth_share": deep}
    largest = max(by_generator.to_list(), default=0)
    return {name: _ratio(n, total) for name, n in (parts | {"largest_generator_share": largest}).items()}


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _verdict(reasons: list[Reason]) -> dict[str, Any]:
    ranked = sorted(reasons, key=lambda r: -SEVERITY.index(r.verdict))
    return {"verdict": ranked[0].verdict if ranked else "PASS", "reasons": [asdict(r) for r in ranked]}
