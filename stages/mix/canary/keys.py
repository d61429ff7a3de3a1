"""Figures into keys: when the canaries call a source harmful, and when they warn. Knows figures and bounds only.

- ert_below: a synthetic token takes away what real tokens had taught, over all words.
- ert_tail_below: the same in the tail, which sharpened and truncated text damages while it teaches the rest. Text of
  another kind than the held-out text teaches neither head nor tail, and its figures scatter below 0: there the bound of
  harm is harm_ert_tail. Text that teaches the head is of the same kind: that it takes away from the tail is harm if
  what the model writes loses words as well (from warn_entropy_drop on). Plain language, as of books for children among
  others, teaches the head and nothing of the tail, and the model writes on as variedly (a drop of .1 to .2 bits).
- entropy_drop_above: what the model of the mixture writes has lost words against what it writes with real text in the
  source's place, whatever its perplexity.
- loop_entropy_drop_above: the same at the loop's end, where the declared decoding has sharpened text again and again.
  Warns and no more: a trigram's loop exaggerates what a temperature does to a larger model.
- loop_penalty_above: the loop ends above its real part alone. Its size follows from the share of real text and the
  declared decoding; any source would do.
- loop_excess_above: the loop ends above where it ends with real text in the source's place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.mix.canary.figures import Estimate
from stages.mix.canary.params import CanaryParams

MILLION = 10**6
SHRINKING = 0.12  # how the penalty of a loop over real text falls with its size, between 60,000 and 10^6 tokens


@dataclass(frozen=True)
class Verdict:
    """The keys turned, reason codes (harm first), and how far the worst key is (0 for real text, 1 at its bound)."""

    harm: bool
    warn: bool
    reasons: tuple[str, ...]
    score: float | None


def decide(found: Mapping[str, Estimate], tokens: int, p: CanaryParams) -> Verdict:
    """From ert, ert_tail, ert_head, entropy_drop, loop_entropy_drop, penalty and excess: a figure turns a key if its
    spread lets it.

    `score` takes no part of the penalty, which is not the source's own. Bounds on the penalty are for loops of 10^6
    `tokens`; less text loses more by losing the same share, and bounds move away from 1 accordingly.
    """
    keys = {
        code: _key(found[_FIGURES[code]], 0.0 if code == "entropy_drop_above" else 1.0, *held)
        for code, held in bounds(tokens, found["ert_head"], found["entropy_drop"], p).items()
    }
    harms = [code for code, key in keys.items() if key and key.sure > 1]
    warns = [code for code, key in keys.items() if key and code not in harms and key.sure > key.warn]
    drop = found["loop_entropy_drop"]
    if drop.value is not None and drop.value - drop.spread > p.warn_entropy_drop:
        warns.append("loop_entropy_drop_above")
    own = [key.way for code, key in keys.items() if key and code != "loop_penalty_above"]
    score = round(max(own), 6) if own else None
    return Verdict(bool(harms), bool(harms or warns), (*harms, *warns), score)


def bounds(tokens: int, head: Estimate, drop: Estimate, p: CanaryParams) -> dict[str, tuple[float, float]]:
    """By code of a key that can harm: from where on it warns, and from where on it is harm.

    In a loop of `tokens`, for a source whose words are worth `head` effective real tokens to the head, and which costs
    the model's samples `drop` bits.
    """
    room = (MILLION / tokens) ** SHRINKING
    flat = drop.value is not None and drop.value >= p.warn_entropy_drop
    taught = flat and head.value is not None and head.value - head.spread >= p.taught_head
    return {
        "ert_below": (p.warn_ert, p.harm_ert),
        "ert_tail_below": (p.warn_ert_tail, p.warn_ert_tail if taught else p.harm_ert_tail),
        "entropy_drop_above": (p.warn_entropy_drop, p.harm_entropy_drop),
        "loop_penalty_above": (1 + room * (p.warn_penalty - 1), 1 + room * (p.harm_penalty - 1)),
        "loop_excess_above": (p.warn_excess, p.harm_excess),
    }


_FIGURES = {
    "ert_below": "ert",
    "ert_tail_below": "ert_tail",
    "entropy_drop_above": "entropy_drop",
    "loop_penalty_above": "penalty",
    "loop_excess_above": "excess",
}


@dataclass(frozen=True)
class _Key:
    """A figure as its way from what real text gives (0) to harm (1): at its mean, and where it surely is."""

    way: float
    sure: float
    warn: float


def _key(figure: Estimate, real: float, warn: float, harm: float) -> _Key | None:
    if figure.value is None:
        return None
    length = harm - real
    way = (figure.value - real) / length
    return _Key(way, way - figure.spread / abs(length), (warn - real) / length)
