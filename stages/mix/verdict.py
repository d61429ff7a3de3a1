"""From what was found on a source to a verdict with reasons, and what a waiver makes of it.

Statistics refuse with two keys only: a canary that is harmed, and a loss within strata that is large and significant.

    canary   loss alone            in the mixture   verdict
    harm     >= refuse_loss        >= mixture_loss  REFUSE   harm_and_loss
    harm     >= refuse_loss        below            WARN     harm_and_loss_diluted
    harm     below, or not sure                     WARN     canary_harm
    no harm  >= warn_loss, sure                     WARN     loss_above
    warning                                         WARN     canary_warns

ABSTAIN is a verdict too, and then no figure is given: no_reference (the source declares no real text to be held
against), low_power (too little text, or more than a tenth of it in documents shorter than a window), reference_lacks
(more than a tenth of the source lies in domains, positions or languages of which its reference has too little).
PASS < WARN < ABSTAIN < REFUSE; a verdict is the worst of its reasons.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from stages.mix.assess import Assessment, assess, dilution
from stages.mix.canary.figures import CanaryFigures
from stages.mix.matched import UNMATCHED
from stages.mix.params import Collapse
from stages.mix.within import Comparison, Short

SEVERITY = ("PASS", "WARN", "ABSTAIN", "REFUSE")
STRONG = 3.0  # deviations that matched real text hardly reaches
HURT = 0.2  # of the canary's way to harm
UNLIKE, TOLD = 2.0, 4.0  # deviations of divergence, and of separability, that halve a loss: it may come of being unlike
LIKE = 4.0  # deviations below that of real text that double one: what has lost its tail is like the rest of its kind
OTHER_HAND, PLAIN = 0.3, 0.1  # what any other hand costs a canary; separability beyond that of real text that shows one
FAR = 0.02  # bits of divergence that halve what is left: a deviation grows with the amount of text, and harm does not
FORM = ("template",)  # of frames, which hide content words: no topic brings repeated ones
BOTH, KEYS = ("harm_and_loss", "harm_and_loss_diluted"), 3.0  # what two keys are worth, however unlike the text is


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is. `source` is null for the whole mixture; `field` names what the value is of."""

    code: str
    verdict: str
    source: str | None = None
    field: str | None = None
    value: float | None = None
    bound: float | None = None


def row(reason: Reason) -> dict[str, Any]:
    """A reason as collapse.json holds it."""
    return asdict(reason)


def worst(found: Sequence[Reason]) -> str:
    """The verdict that reasons amount to."""
    return max((r.verdict for r in found), key=SEVERITY.index, default="PASS")


def reasons(name: str, found: Assessment, settings: Collapse) -> list[Reason]:
    """What speaks against a source that declares its reference."""
    if not isinstance(found.alone, Comparison):
        return [_short(name, found.alone, settings)]
    if found.canary is None or found.canary.reason is not None:
        tokens = min(found.canary.tokens.values(), default=0) if found.canary else 0
        return [Reason("low_power", "ABSTAIN", name, "canary", float(tokens))]
    lost = found.alone.lost(settings.warn_loss, settings.alpha)
    large = [f for f in lost if (f.loss or 0) >= settings.refuse_loss]
    if found.canary.harm and large:
        return [_both(name, large[0].name, large[0].loss, found, settings)]
    out = [Reason("loss_above", "WARN", name, f.name, _round(f.loss), settings.warn_loss) for f in lost[:1]]
    return [*_canary(name, found.canary), *out]


def _short(name: str, found: Short | None, settings: Collapse) -> Reason:
    if found is not None and found.source >= settings.min_windows and found.unmatched > UNMATCHED:
        key = f"mix.synthetic.{name}.reference"
        return Reason("reference_lacks", "ABSTAIN", name, key, _round(found.unmatched), UNMATCHED)
    have = found.windows if found is not None else 0
    return Reason("low_power", "ABSTAIN", name, "windows", float(have), float(settings.min_windows))


def _both(name: str, field: str, loss: float | None, found: Assessment, settings: Collapse) -> Reason:
    """Both keys are turned; what is left of the loss in the mixture decides."""
    assert isinstance(found.alone, Comparison)
    left = dilution(found.alone, found.mixture, settings)
    if left is not None and left < settings.mixture_loss:
        return Reason("harm_and_loss_diluted", "WARN", name, field, _round(left), settings.mixture_loss)
    return Reason("harm_and_loss", "REFUSE", name, field, _round(loss), settings.refuse_loss)


def _canary(name: str, found: CanaryFigures) -> list[Reason]:
    codes = ", ".join(found.reasons) or None
    if found.harm:
        return [Reason("canary_harm", "WARN", name, codes)]
    return [Reason("canary_warns", "WARN", name, codes)] if found.warn else []


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


@dataclass(frozen=True)
class Scored:
    """The gate's answer on windows alone. Figures are null where the verdict is ABSTAIN; larger is worse.

    `score` says how sure it is that something was lost. It is the larger of two: how far the worst of the corpus
    statistics deviates (in STRONG; for less the less the text is what its reference is, but for a loss of FORM), and
    how far the canary is on its way to harm beyond what any text of another hand costs (in HURT). With both keys turned
    it is KEYS at least. `harm` and `tail_harm` say how much: the share that a word of the source lacks of the worth of
    fresh real text to a small model, over all words and in the tail (1 - effective real tokens; 0 as good as real text,
    1 worth nothing, above 1 worse). Verdicts take no notice of them.
    """

    score: float | None
    harm: float | None
    tail_harm: float | None
    corpus: float | None
    canary: float | None
    verdict: str
    reasons: tuple[Reason, ...]
    found: Assessment


def score(source: pl.DataFrame, reference: pl.DataFrame | None, settings: Collapse, *, share: float = 1.0) -> Scored:
    """Judge windows of a source against windows of real text, as the stage does, without any pipeline.

    Frames have the columns domain, position, language, doc_id, key, text of `stages.mix.windows`; rows in any order.
    `share`: of the source in the mixture with real text (1: the source alone, or a mixture that is judged as it is).
    The real share of the canaries' loop and the decoding are those of `settings.canary`.
    """
    if reference is None:
        none = Reason("no_reference", "ABSTAIN", "source")
        return _abstained((none,), Assessment(None, None, None))
    return scored(assess(source, reference, settings, share), settings)


def scored(found: Assessment, settings: Collapse, name: str = "source") -> Scored:
    """The answer to what was found on a source that declares its reference."""
    why = tuple(reasons(name, found, settings))
    if worst(why) == "ABSTAIN" or not isinstance(found.alone, Comparison) or found.canary is None:
        return _abstained(why, found)
    value = max(0.0, _corpus(found.alone), _harm(found.alone, found.canary.score or 0.0))
    if any(r.code in BOTH for r in why):
        value = max(value, KEYS)
    harm, tail_harm = _lacking(found.canary, "all"), _lacking(found.canary, "tail")
    return Scored(value, harm, tail_harm, found.alone.largest, found.canary.score or 0.0, worst(why), why, found)


def _corpus(alone: Comparison) -> float:
    """How far the worst statistic deviates, in STRONG. Other words and another style are no loss.

    Nor is being like the rest one where the text was edited out of it: then `predictable` does not gate.
    """
    unlike, told = (alone.finding(name).deviation for name in ("divergence", "separability"))
    edited = any(f.name == "predictable" and not f.gates for f in alone.findings)
    like = 0.0 if edited else max(-unlike, 0.0) / LIKE
    less = (1 + max(unlike, 0.0) / UNLIKE + max(told, 0.0) / TOLD) / (1 + like)
    return max(f.deviation / (1 if f.name in FORM else less) for f in alone.findings if f.gates) / STRONG


def _harm(alone: Comparison, way: float) -> float:
    """How far the canary is on its way to harm beyond what another hand and other words explain, in HURT."""
    unlike, told = (alone.finding(name) for name in ("divergence", "separability"))
    hand = OTHER_HAND * min(max(told.value - told.control, 0.0) / PLAIN, 1.0)
    far = max(unlike.value - unlike.control, 0.0) / FAR
    return (way - hand) / HURT / (1 + far * far)


def _abstained(why: tuple[Reason, ...], found: Assessment) -> Scored:
    return Scored(None, None, None, None, None, worst(why), why, found)


def _lacking(canary: CanaryFigures, bucket: str) -> float | None:
    worth = canary.ert[bucket].value
    return None if worth is None else 1 - worth


def rank(answer: Scored) -> dict[str, float | None]:
    """By what sources are ranked, as collapse.json holds it."""
    figures = {"score": answer.score, "harm": answer.harm, "tail_harm": answer.tail_harm}
    return {name: _round(value) for name, value in figures.items()}


def digest(source: str | None, verdict: str, found: Sequence[Reason]) -> str:
    """32 hex digits for a verdict: another reason or figure is another verdict."""
    rows = sorted(json.dumps(asdict(r), sort_keys=True) for r in found)
    return hashlib.sha256(json.dumps([source, verdict, rows]).encode()).hexdigest()[:32]


def waived(
    source: str | None, found: Sequence[Reason], waivers: Sequence[Mapping[str, Any]]
) -> tuple[list[Reason], Any]:
    """Reasons after waivers, and the waiver that holds, or null.

    A waiver holds for the verdict of its digest until it expires: what closed the gate is then a warning. One that does
    not hold is a warning of its own, so that nobody takes it for one that does.
    """
    verdict = worst(found)
    mine, name = [w for w in waivers if w["source"] == source], digest(source, verdict, found)
    holding = [w for w in mine if w["verdict_digest"] == name and w["in_force"]]
    if verdict in ("REFUSE", "ABSTAIN") and holding:
        return [Reason("waived", "WARN", source, f"{verdict}: {', '.join(sorted({r.code for r in found}))}")], holding[
            0
        ]
    void = [Reason("waiver_expired" if not w["in_force"] else "waiver_void", "WARN", source, w["name"]) for w in mine]
    return [*found, *void], None
