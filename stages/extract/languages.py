"""Is a page, at a glance, in none of the languages to be kept? Asked before its main text is known.

Cautious, since menus and the text they surround may differ: two windows of the page must name the same language, and no
language to be kept may be likely in either of them or in the page's longest line. Knows no page's bytes and no rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.extract.pages import Look
from stages.fasttext_models import score, top_label

KEPT_MAX = 0.05  # a language to be kept that reaches this anywhere keeps the page


@dataclass(frozen=True)
class Foreign:
    """The language of a page that is not to be kept, and the highest probability of one that is."""

    language: str
    kept_score: float
    bound: float = KEPT_MAX


def foreign(model: str, looks: Sequence[Look], kept: Sequence[str] | None) -> list[Foreign | None]:
    """One answer per look; None where the page may be in a language to be kept, and where none is named."""
    if kept is None:
        return [None] * len(looks)
    first, second = (top_label(model, texts) for texts in ([k.text for k in looks], [k.middle for k in looks]))
    return [
        _judged(model, look, one, kept) if one == other and one not in kept and look.middle else None
        for look, (one, _), (other, _) in zip(looks, first, second)
    ]


def _judged(model: str, look: Look, language: str, kept: Sequence[str]) -> Foreign | None:
    texts = [look.text, look.middle, look.block]
    highest = max((value for name in kept for value in score(model, texts, name)), default=0.0)
    return Foreign(language, highest) if highest < KEPT_MAX else None
