"""Everything that is measured on one synthetic source, alone and in the mixture: corpus statistics and canaries.

Alone: the source's windows beside matched real controls. In the mixture: as many windows, of which the source gives its
share and real documents that take no part in the controls the rest. Canaries: what a small model makes of the mixture.
Weight: the largest share at which the mixture's loss stays below `mixture_loss`. Measures; verdicts are taken in
`stages.mix.verdict`.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from stages.mix import windows
from stages.mix.canary.figures import CanaryFigures
from stages.mix.canary.harm import judge
from stages.mix.canary.params import SMALL, CanaryParams
from stages.mix.params import AssessParams, Collapse
from stages.mix.within import Comparison, Short, compare

POOLED = 50  # windows of a source below which a domain is no stratum of its own
APART = 0.3  # share of the reference's documents that stand for the real part of the mixture
STEPS = 32  # of the search for a weight, each 2^(1/4) below the one before: to 1/256
SEARCH_DRAWS = 39
Found = dict[str, Any]


@dataclass(frozen=True)
class Assessment:
    """What was found; null where there was no reference, too little text, or no need to look."""

    alone: Comparison | Short | None
    mixture: Comparison | Short | None
    canary: CanaryFigures | None


def decoded(canary: CanaryParams, declared: pl.DataFrame, own: AssessParams) -> CanaryParams:
    """The canaries' settings for a source: the mixture's real share, and the decoding that most of its rows declare."""
    named = declared.filter((pl.col("source") == own.source) & (pl.col("field") == "decoding"))
    first = named.sort("count", "value", descending=[True, False]).head(1)["value"].to_list()
    said = json.loads(first[0]) if first else {}
    update: dict[str, float] = {}
    for key, low in (("temperature", 0.3), ("top_p", 0.1)):
        value = said.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            update[key] = min(1.0, max(low, float(value)))
    if 0 < own.real_share < 1:
        update["real_share"] = own.real_share
    return canary.model_copy(update=update)


def assess(source: pl.DataFrame, reference: pl.DataFrame, settings: Collapse, share: float) -> Assessment:
    """Windows of a source and of its reference -> what is found. `share`: of the source in source and real text."""
    if source.height < settings.min_windows or not reference.height:
        lacking = 0.0 if reference.height else 1.0
        short = Short(min(source.height, reference.height), source.height, reference.height, lacking)
        return Assessment(short, None, None)
    ours, real = pool(source, reference)
    alone = within(ours, real, settings, settings.draws)
    if isinstance(alone, Short):
        return Assessment(alone, None, None)
    mixture = within(*mixed(ours, real, share), settings, settings.draws) if share < 1 else alone
    return Assessment(alone, mixture, _canary(ours, real, settings.canary))


def within(ours: pl.DataFrame, real: pl.DataFrame, settings: Collapse, draws: int) -> Comparison | Short:
    """The corpus statistics with the sizes of the settings."""
    return compare(ours, real, least=settings.min_windows, most=settings.max_windows, draws=draws)


def pool(source: pl.DataFrame, reference: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep domains of which the source has POOLED windows; the others become one.

    A domain of which the reference has too little is kept as well: held against another domain, good text looks poor.
    """
    counted = source.group_by("domain", maintain_order=True).len()
    kept = counted.filter(pl.col("len") >= POOLED)["domain"].to_list()
    own = pl.when(pl.col("domain").is_in(kept)).then(pl.col("domain")).otherwise(pl.lit("")).alias("domain")
    return source.with_columns(own), reference.with_columns(own)


def mixed(source: pl.DataFrame, reference: pl.DataFrame, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A mixture of which the source is `share`, and the part of the reference that is not in it."""
    apart = apart_of(reference["doc_id"], "mixture", APART)
    real, rest = reference.filter(apart), reference.filter(~apart)
    size = min(
        int(source.height / share) if share > 0 else 0, int(real.height / (1 - share)), source.height + real.height
    )
    taken = [
        source.sort("key", "doc_id").head(round(share * size)),
        real.sort("key", "doc_id").head(round((1 - share) * size)),
    ]
    return pl.concat([t.select(rest.columns) for t in taken]), rest


def apart_of(doc_ids: pl.Series, salt: str, share: float) -> pl.Series:
    """True for the documents that a hash of their name puts into the first `share`."""
    below = [windows.document_hash(f"{salt}:{d}") < share * 2**64 for d in doc_ids]
    return pl.Series(below, dtype=pl.Boolean)


def _canary(source: pl.DataFrame, reference: pl.DataFrame, settings: CanaryParams) -> CanaryFigures:
    """Of the reference those domains that the source has, if they are large enough for a small canary.

    Text of another domain teaches little about this one, and would look like harm.
    """
    own = pl.col("domain").is_in(source["domain"].unique(maintain_order=True).to_list())
    parts = _parts(source, reference.filter(own))
    if not _enough(parts, SMALL):
        parts = _parts(source, reference)
    sizes = ("tokens", "held_out_tokens", "min_tokens", "min_held_out_tokens")
    small = settings.model_copy(update={n: getattr(SMALL, n) for n in sizes})
    return judge(parts[0], parts[1], parts[2], parts[3], settings if _enough(parts, settings) else small)


def _parts(source: pl.DataFrame, reference: pl.DataFrame) -> list[list[str]]:
    """Three fifths of the reference's documents are the mixture's real part, a fifth each held out and for buckets."""
    held = apart_of(reference["doc_id"], "held", 0.2)
    buckets = apart_of(reference["doc_id"], "buckets", 0.25) & ~held
    frames = [reference.filter(~held & ~buckets), source, reference.filter(held), reference.filter(buckets)]
    return [f.sort("key", "doc_id")["text"].to_list() for f in frames]


def _enough(parts: list[list[str]], settings: CanaryParams) -> bool:
    least = [settings.min_tokens] * 2 + [settings.min_held_out_tokens] * 2
    return all(len(part) * windows.WORDS >= n for part, n in zip(parts, least))


def dilution(alone: Comparison, mixture: Comparison | Short | None, settings: Collapse) -> float | None:
    """What the mixture has lost, on the mean, of the statistics of which the source alone has lost refuse_loss."""
    names = [f.name for f in alone.lost(settings.refuse_loss, settings.alpha)]
    return mixture.mean_loss(names) if isinstance(mixture, Comparison) else None


def largest_share(source: pl.DataFrame, reference: pl.DataFrame, alone: Comparison, settings: Collapse) -> float | None:
    """The largest share of the mixture at which less than mixture_loss is lost; null below 1/256."""
    ours, real = pool(source, reference)
    lost, kept = 0, STEPS + 1  # places in a row of falling shares
    while kept - lost > 1:
        middle = (lost + kept) // 2
        found = within(*mixed(ours, real, _step(middle)), settings, SEARCH_DRAWS)
        loss = dilution(alone, found, settings)
        lost, kept = (lost, middle) if loss is not None and loss < settings.mixture_loss else (middle, kept)
    return round(_step(kept), 4) if kept <= STEPS else None


def _step(place: int) -> float:
    return float(2 ** (-place / 4))


def plain(found: Comparison | Short | CanaryFigures | None) -> Found | None:
    """As JSON holds it: floats to six decimals, tuples as lists."""
    return None if found is None else {"kind": type(found).__name__, **_rounded(asdict(found))}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value
