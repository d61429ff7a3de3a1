"""How varied a text is, in figures that mean something only beside another text of the same number of tokens."""

from dataclasses import dataclass

import numpy as np

from stages.mix.canary.kneser_ney import Ints
from stages.mix.canary.vocabulary import BITS, FIRST, Ids


@dataclass(frozen=True)
class Diversity:
    """types; entropy of words in bits; distinct3: different trigrams per trigram; gt1: words once seen per token
    (the mass of unseen words after Good and Turing); coverage: share of the reference's tail words that occur.
    """

    types: int
    entropy: float
    distinct3: float | None
    gt1: float | None
    coverage: float | None


def diversity(tokens: Ids, rare: Ids) -> Diversity:
    """The figures of windows end to end; `rare` are ids of the reference's tail words."""
    words = tokens[tokens >= FIRST]
    counts = np.bincount(words)
    seen = counts[counts > 0]
    total = len(words)
    shares = seen / max(total, 1)
    return Diversity(
        types=len(seen),
        entropy=float(-(shares * np.log2(shares)).sum()) + 0.0,
        distinct3=_distinct(tokens),
        gt1=int((seen == 1).sum()) / total if total else None,
        coverage=int((np.bincount(words, minlength=int(rare.max()) + 1)[rare] > 0).sum()) / len(rare)
        if len(rare)
        else None,
    )


def _distinct(tokens: Ids) -> float | None:
    wide = tokens.astype(np.int64)
    inside = (wide[:-2] > 0) & (wide[1:-1] > 0) & (wide[2:] > 0)
    keys: Ints = ((wide[:-2] << 2 * BITS) | (wide[1:-1] << BITS) | wide[2:])[inside]
    ordered = np.sort(keys)  # ten times as fast as numpy's unique, which hashes
    return (1 + int((ordered[1:] != ordered[:-1]).sum())) / len(keys) if len(keys) else None
