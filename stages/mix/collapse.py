"""The collapse verdict on a mixture: exact rules of provenance, and what was found on each synthetic source.

Rules of provenance may refuse at any size and alone:

- real_share_below: too few of the tokens are people's. A share of a half to two thirds is where mixtures stay stable
  (He et al. 2025, arXiv 2502.18049; Gerstgrasser et al. 2024). Copies of a document beyond the fourth do not count as
  real (Muennighoff et al. 2023). real_share_low is the warning above it.
- depth_share_above: too many tokens come from a generator that was trained on generated text, or nobody knows
  (generation_depth of 2 or more, or null).
- provenance_missing: a source has rows that do not say where they come from. Such rows never reach the mixture, but a
  source that cannot account for some of its rows is not trusted with the rest.

Statistics need two keys; see `stages.mix.verdict`. A source of fewer tokens than min_windows windows hold is not looked
at (low_power), and one that declares no reference cannot be (no_reference). What was found on windows says nothing of a
source of which more than a tenth is in documents shorter than one (low_power, too). This module sees counts and
findings only.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from stages.mix import ngrams
from stages.mix.matched import UNMATCHED
from stages.mix.params import Collapse, MixParams, Reference
from stages.mix.verdict import SEVERITY, Reason, digest, row, waived, worst
from stages.mix.weights import Tokens, weight
from stages.mix.windows import WORDS

Shards = Mapping[str, pl.DataFrame]
Waivers = Sequence[Mapping[str, Any]]
SIZES = tuple(2**k * 1000 for k in range(31))  # at which curves of types are given: as far as there is text


def judge(tables: Mapping[str, Shards], params: MixParams, waivers: Waivers) -> dict[str, Any]:
    """mix/shares, mix/ngrams by release shard, mix/sizes by input shard, mix/assessments by source -> collapse.json.

    Keys: verdict; reasons (worst first); digest and waiver of the whole; figures; provenance (tokens by kind); sources:
    name -> verdict, reasons, digest, waiver, figures, rank, found, weight (`stages.mix.weights`). Shares are of tokens,
    rounded to 1e-4 after they were compared with their bounds; null where there is nothing to divide by. `waivers`:
    rows of data/inputs/waivers.jsonl.
    """
    shares = _concat(tables["mix/shares"], _SHARES)
    missing = _missing(tables["mix/sizes"])
    names = sorted({*shares.filter(origin="synthetic")["source"], *missing})
    assessed = {s: assessment(t) for s, t in sorted(tables["mix/assessments"].items())}
    curves = _curves(tables["mix/ngrams"])
    sources = {n: _source(n, shares, missing.get(n, {}), assessed.get(n), params, waivers) for n in names}
    whole = _mixture(shares, params.collapse) if names else [Reason("nothing_to_check", "PASS")]
    kept, waiver = waived(None, whole, waivers)
    reasons = [*kept, *(r for n in names for r in sources[n][0])]
    return {
        **_verdict(reasons),
        "digest": digest(None, worst(whole), whole),
        "waiver": waiver,
        "figures": _figures(shares),
        "provenance": _provenance(shares),
        "sources": {
            n: own | {"curve": curves.get((n, "synthetic")) if own["found"] else None}
            for n, (_, own) in sources.items()
        },
        "curves": {n: curve for (n, origin), curve in sorted(curves.items()) if origin == "crawl"},
    }


def to_judge(shares: Shards, params: MixParams) -> tuple[str, ...]:
    """Synthetic sources that declare a reference and released enough tokens to be looked at, sorted."""
    made = _concat(shares, _SHARES).filter(origin="synthetic")
    totals = made.group_by("source", maintain_order=True).agg(pl.col("unique_tokens").sum())
    large = totals.filter(pl.col("unique_tokens") >= least(params.collapse))["source"]
    return tuple(sorted(set(large) & set(declaring(params))))


def declaring(params: MixParams) -> dict[str, Literal["seeds"] | Reference]:
    """Enabled sources that say what real text they are held against."""
    return {n: s.reference for n, s in sorted(params.synthetic.items()) if s.enabled and s.reference is not None}


def least(params: Collapse) -> int:
    """Tokens below which a source is not looked at."""
    return params.min_windows * WORDS


def assessment(table: pl.DataFrame) -> dict[str, Any]:
    """mix/assessments of one source: part -> what was found."""
    return {part: json.loads(found) for part, found in table.select("part", "found").iter_rows()}


_KEYS = {"source": pl.String, "origin": pl.String, "generator": pl.String, "generation_depth": pl.Int64}
_COUNTS = ("documents", "tokens", "unique_tokens", "short_tokens", "paid_tokens")
_SHARES = _KEYS | dict.fromkeys(_COUNTS, pl.Int64)


def _concat(shards: Shards, schema: Mapping[str, Any]) -> pl.DataFrame:
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


def _curves(tables: Shards) -> dict[tuple[str, str], list[list[float]]]:
    """(source, origin) -> [words, different words to be expected among so many]."""
    groups = ngrams.by_group(ngrams.merge(tables[s] for s in sorted(tables)))
    out = {}
    for (source, origin, n), table in groups.items():
        if n == 1:
            found = zip(SIZES, ngrams.rarefied(table, SIZES))
            out[str(source), str(origin)] = [[size, round(types)] for size, types in found if types is not None]
    return out


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
    name: str,
    shares: pl.DataFrame,
    missing: Mapping[str, int],
    found: Mapping[str, Any] | None,
    params: MixParams,
    waivers: Waivers,
) -> tuple[list[Reason], dict[str, Any]]:
    own = shares.filter(source=name, origin="synthetic")
    reasons = [Reason("provenance_missing", "REFUSE", name, f, float(n), 0.0) for f, n in sorted(missing.items())]
    reasons += (
        [*(Reason(**r) for r in found["reasons"]), *_unread(name, own)] if found else [_unseen(name, own, params)]
    )
    kept, waiver = waived(name, reasons, waivers)
    abstains = any(r.verdict == "ABSTAIN" for r in reasons)
    parts = ("alone", "mixture", "canary")
    most = weight(_tokens(name, shares), params.collapse, found.get("weight") if found else None)
    return kept, {
        **_verdict(kept),
        "digest": digest(name, worst(reasons), reasons),
        "waiver": waiver,
        "figures": _figures(shares.filter(source=name)) | {"missing": dict(sorted(missing.items()))},
        "rank": found.get("rank") if found and not abstains else None,
        "found": {p: found.get(p) for p in parts} if found and not abstains else None,
        "weight": most | {"largest": 0.0} if missing else most,  # no share of it gives its rows a provenance
    }


def _tokens(name: str, shares: pl.DataFrame) -> Tokens:
    own = (pl.col("source") == name) & (pl.col("origin") == "synthetic")
    others = shares.filter(~own)
    real = int(others.filter(origin="crawl")["paid_tokens"].sum())
    return Tokens(*_depth(shares.filter(own)), int(others["tokens"].sum()), real, _depth(others)[1])


def _depth(shares: pl.DataFrame) -> tuple[int, int]:
    """All tokens, and the synthetic ones of a depth of 2 or more or unknown."""
    deep = (pl.col("origin") == "synthetic") & (pl.col("generation_depth").fill_null(2) >= 2)
    return int(shares["tokens"].sum()), int(shares.filter(deep)["tokens"].sum())


def _unread(name: str, own: pl.DataFrame) -> list[Reason]:
    """What speaks against trusting the windows of a source: too much of it is in documents that give none."""
    share = _ratio(int(own["short_tokens"].sum()), int(own["unique_tokens"].sum())) or 0.0
    if share <= UNMATCHED:
        return []
    return [Reason("low_power", "ABSTAIN", name, "short_documents", _round(share), UNMATCHED)]


def _unseen(name: str, own: pl.DataFrame, params: MixParams) -> Reason:
    """Why a source was not looked at: too small, else without a reference."""
    tokens, bound = int(own["unique_tokens"].sum()), least(params.collapse)
    if tokens >= bound and name not in declaring(params):
        key = f"mix.synthetic.{name}.reference"
        return Reason("no_reference", "ABSTAIN", name, key, float(tokens), float(bound))
    return Reason("low_power", "ABSTAIN", name, "tokens", float(tokens), float(bound))


def share_of(shares: Shards, source: str) -> tuple[float, float]:
    """The source's share beside all real text, and the real share of the whole mixture."""
    table = _concat(shares, _SHARES)
    real = int(table.filter(origin="crawl")["paid_tokens"].sum())
    own = int(table.filter(source=source, origin="synthetic")["tokens"].sum())
    return _ratio(own, own + real) or 0.0, _ratios(table)["real_share"] or 0.0


def _figures(shares: pl.DataFrame) -> dict[str, Any]:
    totals = {name: int(shares[name].sum()) for name in ("documents", "tokens", "unique_tokens")}
    return totals | {name: _round(value) for name, value in _ratios(shares).items()}


def _provenance(shares: pl.DataFrame) -> dict[str, int]:
    """Tokens of people (copies beyond the fourth apart, as repeated) and of generators by depth."""
    crawl, made = shares.filter(origin="crawl"), shares.filter(origin="synthetic")
    real, depth = int(crawl["paid_tokens"].sum()), pl.col("generation_depth")
    kinds = {"depth_1": depth < 2, "depth_2": depth >= 2, "unknown": depth.is_null()}
    out = {"real": real, "repeated": int(crawl["tokens"].sum()) - real}
    return out | {name: int(made.filter(rows)["tokens"].sum()) for name, rows in kinds.items()}


def _ratios(shares: pl.DataFrame) -> dict[str, float | None]:
    """real_share, synthetic_share, depth_share (unknown or at least 2) and the largest generator's share."""
    total, synthetic = int(shares["tokens"].sum()), shares.filter(origin="synthetic")
    real = int(shares.filter(origin="crawl")["paid_tokens"].sum())
    made, deep = _depth(synthetic)
    by_generator = synthetic.group_by("generator", maintain_order=True).agg(pl.col("tokens").sum())["tokens"]
    parts = {"real_share": real, "synthetic_share": made, "depth_share": deep}
    largest = max(by_generator.to_list(), default=0)
    return {name: _ratio(n, total) for name, n in (parts | {"largest_generator_share": largest}).items()}


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _verdict(reasons: Sequence[Reason]) -> dict[str, Any]:
    ranked = sorted(reasons, key=lambda r: -SEVERITY.index(r.verdict))
    return {"verdict": worst(reasons), "reasons": [row(r) for r in ranked]}
