"""What a model is asked: held-out real text, its words sorted into buckets by how frequent the reference has them.

The reference must be disjoint from what models are trained on and from the held-out text: buckets drawn from either
would favour it. Words outside the vocabulary are context, but nobody is scored on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.mix.canary.kneser_ney import Asked, Ints, Model, Reals, ask, evaluate
from stages.mix.canary.params import CanaryParams
from stages.mix.canary.vocabulary import BEGIN, OTHER, Ids, flat

BUCKETS = ("all", "tail", "mid", "head")
_NONE, _TAIL, _MID, _HEAD, _REST = range(5)


@dataclass(frozen=True)
class HeldOut:
    """Words, each one's bucket, and which of them tune a weight (the even windows) and which test it."""

    asked: Asked
    bucket: NDArray[np.int8]
    dev: NDArray[np.bool_]

    def losses(self, model: Model) -> Reals:
        """-ln P of each token; 0 where it is not scored."""
        return losses(evaluate(model, self.asked))

    def means(self, values: Reals, only: NDArray[np.bool_] | None = None) -> dict[str, float | None]:
        """The mean of `values` by bucket; null where no token is of it."""
        bucket = self.bucket if only is None else np.where(only, self.bucket, _NONE)
        sums = np.bincount(bucket, weights=values, minlength=5)
        counts = np.bincount(bucket, minlength=5)
        parts = {"all": (sums[1:].sum(), counts[1:].sum())}
        parts |= {name: (sums[i], counts[i]) for i, name in enumerate(BUCKETS) if i}  # the rest is in all alone
        return {name: float(s) / int(n) if n else None for name, (s, n) in parts.items()}


def losses(probabilities: Reals) -> Reals:
    """-ln P, in nats."""
    return np.asarray(-np.log(probabilities))


def prepare(windows: Sequence[Ids], counts: Ints, trained: int, params: CanaryParams) -> HeldOut:
    """Held-out windows with their buckets; `counts` are the reference's, by id, `trained` as in `bounds`."""
    tokens = flat(windows)
    low, tail, head = bounds(int(counts.sum()), trained, params)
    seen = counts[tokens]
    bucket = np.select([seen < low, seen < tail, seen < head], [_REST, _TAIL, _MID], _HEAD).astype(np.int8)
    bucket[(tokens == BEGIN) | (tokens == OTHER)] = _NONE
    dev = np.repeat(np.arange(len(windows)) % 2 == 0, [len(w) for w in windows])
    return HeldOut(ask(tokens), bucket, dev)


def bounds(reference: int, trained: int, params: CanaryParams) -> tuple[float, float, float]:
    """In occurrences in a reference of that many tokens: where the tail begins, where it ends, where the head begins.

    Params say it in occurrences that `trained` tokens, the real text that ERT starts from, should hold: what a model of
    that size can learn but has hardly learnt is its tail, whatever the size. Rarer words, and those the reference
    lacks, would cost a better model more than a worse one, since it keeps less of its mass for the unseen.
    """
    low, tail, head = (n * reference / trained for n in (params.unlearnable, params.tail, params.head))
    return max(1.0, low), max(2.0, tail), max(3.0, head)
