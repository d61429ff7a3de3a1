"""Effective Real Tokens: how much real text one synthetic token is worth to a model, by frequency of the words.

L(n) is the held-out loss of a model of n real tokens. A model of n_R real and n_S synthetic tokens has the loss of one
of n_eff real tokens: ERT = (n_eff - n_R) / n_S. 1 is as good as fresh real text, 0 adds nothing, below 0 the model is
worse for having read it. L is made monotone (isotonic in log n, pooling adjacent violators) and read between its points
linearly in log n; outside it is clamped, and the estimate says so: to -7/8 below and 1.5 above for a source as large as
the real text, farther for a smaller one. Where real text itself gains
nothing any more (in nats per token, from n_R to all there is) there is no estimate: such a bucket would accuse anybody.

The potential is the other half of the question: the best of all linear mixtures of the two models cannot be hurt by
dilution. Its weight is tuned on one half of the held-out windows and tested on the other. Weight and gain near 0 with
ERT below 0: the text is of no use to this held-out text, whatever it is elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.mix.canary.held_out import BUCKETS, HeldOut, losses
from stages.mix.canary.kneser_ney import Reals, evaluate, fit
from stages.mix.canary.vocabulary import Ids, flat

MIN_GAIN = 0.01  # nats per token that as much fresh real text as there is must gain, or the bucket has no estimate
STEPS = (0.125, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5)  # of n_R, where the curve is measured
WEIGHTS = (0.0, 0.02, 0.05, *(w / 20 for w in range(2, 20)))


@dataclass(frozen=True)
class OneStep:
    """One seed's figures by bucket; null where the bucket is empty. `delta` is in nats per token, below 0 a gain."""

    real_tokens: int
    synthetic_tokens: int
    ert: dict[str, float | None]
    clamped: dict[str, bool]
    weight: float
    delta: dict[str, float | None]


def one_step(real: Sequence[Ids], synthetic: Sequence[Ids], held: HeldOut, size: int) -> OneStep:
    """ERT and potential from windows in the order in which they are to be taken; 2/5 of the real ones are n_R."""
    half = real_windows(len(real))
    made = list(synthetic[:half])
    points = sorted({max(1, min(len(real), round(s * half))) for s in STEPS})
    models = {n: fit(flat(real[:n]), size) for n in points if n != half}
    alone, other = fit(flat(real[:half]), size), fit(flat(made), size)
    curve = [held.means(held.losses(models.get(n, alone))) for n in points]
    mixed = held.means(held.losses(fit(flat([*real[:half], *made]), size)))
    found = {b: _ert([c[b] for c in curve], points, mixed[b], half, len(made)) for b in BUCKETS}
    weight, delta = potential(evaluate(alone, held.asked), evaluate(other, held.asked), held)
    return OneStep(
        sum(map(_words, real[:half])), sum(map(_words, made)),
        {b: value for b, (value, _) in found.items()}, {b: outside for b, (_, outside) in found.items()}, weight, delta,
    )  # fmt: skip


def real_windows(windows: int) -> int:
    """How many of the real windows ERT starts from; the others extend its curve."""
    return max(1, windows * 2 // 5)


def _words(window: Ids) -> int:
    return len(window) - 2


def _ert(
    curve: list[float | None], points: list[int], mixed: float | None, real: int, made: int
) -> tuple[float | None, bool]:
    known = [value for value in curve if value is not None]
    if mixed is None or len(known) < len(points):
        return None, False
    falling = -isotonic(-np.asarray(known, dtype=np.float64))
    if falling[points.index(real)] - falling[-1] < MIN_GAIN:
        return None, False
    size, outside = effective(known, points, mixed)
    return (size - real) / made, outside


def effective(curve: Sequence[float], points: Sequence[int], loss: float) -> tuple[float, bool]:
    """How many windows of real text give `loss`, and whether the curve ends before it does."""
    falling = -isotonic(-np.asarray(curve, dtype=np.float64))
    logs = np.log(np.asarray(points, dtype=np.float64))
    outside = bool(loss > falling[0] or loss < falling[-1])
    return float(np.exp(np.interp(-loss, -falling, logs))), outside


def isotonic(values: Reals) -> Reals:
    """The closest values that never fall, in least squares: adjacent violators are pooled."""
    blocks: list[tuple[float, int]] = []
    for value in values.tolist():
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, m), (b, n) = blocks[-2:]
            blocks[-2:] = [((a * m + b * n) / (m + n), m + n)]
    return np.repeat([v for v, _ in blocks], [n for _, n in blocks])


def potential(real: Reals, synthetic: Reals, held: HeldOut) -> tuple[float, dict[str, float | None]]:
    """The weight of the synthetic model that suits the even windows best, and what it changes on the odd ones."""
    dev, p, q = held.dev & (held.bucket > 0), real, synthetic
    sums = [float(losses((1 - w) * p[dev] + w * q[dev]).sum()) for w in WEIGHTS]
    weight = WEIGHTS[int(np.argmin(sums))]
    delta = held.means(losses((1 - weight) * p + weight * q) - losses(p), ~held.dev)
    return weight, delta
