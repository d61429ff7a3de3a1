"""What a judgement of the canaries consists of, and how seeds become one figure. Knows no text and no model."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stages.mix.canary.diversity import Diversity
from stages.mix.canary.loop import Generation

DIGITS = 6


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and their standard deviation (0 for one seed); clamped: for any seed."""

    value: float | None
    spread: float
    clamped: bool = False


@dataclass(frozen=True)
class CanaryFigures:
    """What the canaries found; without enough text only `reason` ("low_power") and `tokens` are there.

    tokens: by part, as used. ert: by bucket. weight, delta: of the interpolated model (stages.mix.canary.ert).
    controls: by name, generations 0 to G. penalty: the loop's last perplexity over that of its real part alone;
    excess: over that of real_start; slope: of ln perplexity per generation over the last three. entropy_drop: bits by
    which samples of the mixture's model (temperature 1) fall short of those of a model with real text in the source's
    place; loop_entropy_drop: the same at the loop's end with the declared decoding; coverage_loss: as entropy_drop, of
    the share of tail words that occur, relative. score: how far the worst key is on its way from what real text gives
    (0) to harm (1 and above).
    """

    reason: str | None
    tokens: dict[str, int]
    ert: dict[str, Estimate]
    weight: Estimate | None
    delta: dict[str, Estimate]
    controls: dict[str, tuple[Generation, ...]]
    real_text: Diversity | None
    penalty: Estimate | None
    excess: Estimate | None
    slope: Estimate | None
    entropy_drop: Estimate | None
    loop_entropy_drop: Estimate | None
    coverage_loss: Estimate | None
    harm: bool | None
    warn: bool | None
    reasons: tuple[str, ...]
    score: float | None


def estimate(values: Sequence[float | None], clamped: bool = False) -> Estimate:
    """Mean and standard deviation over seeds; null where a seed has no figure."""
    known = [v for v in values if v is not None]
    if len(known) < len(values) or not known:
        return Estimate(None, 0.0, clamped)
    spread = statistics.stdev(known) if len(known) > 1 else 0.0
    return Estimate(round(statistics.fmean(known), DIGITS), round(spread, DIGITS), clamped)


def mean_generation(seeds: Sequence[Generation]) -> Generation:
    """One generation's figures, averaged over seeds."""
    samples = [g.samples for g in seeds if g.samples is not None]
    return Generation(
        estimate([g.perplexity for g in seeds]).value,
        estimate([g.tail for g in seeds]).value,
        mean_diversity(samples) if samples else None,
    )


def mean_diversity(seeds: Sequence[Diversity]) -> Diversity:
    """The same for the diversity of texts."""

    def over(read: Callable[[Diversity], float | None]) -> float | None:
        return estimate([read(d) for d in seeds]).value

    return Diversity(
        types=round(statistics.fmean(d.types for d in seeds)),
        entropy=round(statistics.fmean(d.entropy for d in seeds), DIGITS),
        distinct3=over(lambda d: d.distinct3),
        gt1=over(lambda d: d.gt1),
        coverage=over(lambda d: d.coverage),
    )


def low_power(tokens: dict[str, int]) -> CanaryFigures:
    """No figure but the sizes."""
    return CanaryFigures(
        reason="low_power", tokens=tokens, ert={}, weight=None, delta={}, controls={}, real_text=None, penalty=None,
        excess=None, slope=None, entropy_drop=None, loop_entropy_drop=None, coverage_loss=None, harm=None, warn=None,
        reasons=(), score=None,
    )  # fmt: skip
