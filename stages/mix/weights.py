"""How much of a source the mixture bears, everything else as it is: what would make it pass. Knows counts of tokens.

Bounds of provenance are exact, in whole tokens; the bound of the corpus statistics is found by `stages.mix.assess` on
samples. Canaries have none: harm alone only warns, at any share.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from stages.mix.params import Collapse


@dataclass(frozen=True)
class Tokens:
    """Of the mixture: `own` of the source (`deep` of these of unknown depth or depth 2 and more), and of all others.

    `real`: tokens of people, copies beyond the fourth left out; `others_deep` as `deep`.
    """

    own: int
    deep: int
    others: int
    real: int
    others_deep: int


def weight(tokens: Tokens, params: Collapse, found: Mapping[str, Any] | None) -> dict[str, float | None]:
    """Shares of all tokens: `now`; the most with which each bound is held (`loss`: null where it was not needed).

    Keys real_share, real_share_low, depth_share, loss. `largest`: the most with which nothing refuses. A bound that is
    held at any share gives 1, one that is held at none 0.
    """
    most = {
        "real_share": _real(tokens, params.min_real_share),
        "real_share_low": _real(tokens, params.warn_real_share),
        "depth_share": _deep(tokens, params.max_unknown_depth_share),
    }
    shares = {name: _share(n, tokens.others) for name, n in most.items()}
    loss = None
    if found is not None:  # a share of source and real text
        beside = found.get("largest") or 0.0
        loss = _share(math.floor(beside / (1 - beside) * tokens.real), tokens.others) if beside < 1 else 1.0
    gates = [shares["real_share"], shares["depth_share"], *([] if loss is None else [loss])]
    return {"now": _share(tokens.own, tokens.others), **shares, "loss": loss, "largest": min(gates)}


def _real(t: Tokens, least: float) -> int | None:
    """The most tokens x with real / (others + x) >= least; null: any."""
    if least <= 0:
        return None
    return max(0, math.floor(t.real / _exact(least)) - t.others)


def _deep(t: Tokens, most: float) -> int | None:
    """The most tokens x with (others_deep + x deep / own) / (others + x) <= most; null: any."""
    cap, own = _exact(most), Fraction(t.deep, t.own) if t.own else Fraction(0)
    room = cap * t.others - t.others_deep
    if own <= cap:
        return None if room >= 0 else 0
    return max(0, math.floor(room / (own - cap)))


def _exact(bound: float) -> Fraction:
    """A bound as params.yaml writes it."""
    return Fraction(str(bound))


def _share(own: int | None, others: int) -> float:
    """Rounded down, so that the share itself holds the bound."""
    if own is None:
        return 1.0
    return math.floor(own * 10_000 / (own + others)) / 10_000 if own + others else 0.0
