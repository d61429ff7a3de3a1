"""Words as numbers, and windows as one flat array of them. Knows no model and no source.

The vocabulary is closed and fixed once: the words of the texts it is made from, in the order of their hashes. Id 0
begins a window, id 1 is every word outside the vocabulary, words follow from 2 on. More than MAX_WORDS words keep
those with the smallest hashes; the rest is outside.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
BEGIN, OTHER, FIRST = 0, 1, 2
BITS = 21  # three ids and no more fit into a positive 64-bit key
MAX_WORDS = (1 << BITS) - FIRST


@dataclass(frozen=True)
class Vocabulary:
    """Words with their ids; `size` counts the ids that a model may predict: OTHER and the words."""

    ids: dict[str, int]

    @property
    def size(self) -> int:
        """How many words a model spreads its probability over."""
        return len(self.ids) + 1

    def words(self) -> list[str]:
        """The words in the order of their ids, from FIRST on."""
        return list(self.ids)


def build(*texts: Iterable[str]) -> Vocabulary:
    """The vocabulary of all windows given, whatever their order."""
    found = {word for part in texts for window in part for word in window.split()}
    ranked = sorted((hashlib.blake2b(w.encode(), digest_size=8).digest(), w) for w in found)
    return Vocabulary({word: i for i, (_, word) in enumerate(ranked[:MAX_WORDS], FIRST)})


def encode(windows: Sequence[str], vocabulary: Vocabulary) -> list[Ids]:
    """Each window as ids behind two BEGINs, which is the form that models read end to end."""
    get = vocabulary.ids.get
    return [np.array([BEGIN, BEGIN, *(get(w, OTHER) for w in text.split())], dtype=np.int32) for text in windows]


def flat(windows: Sequence[Ids]) -> Ids:
    """Windows end to end; empty where there is none."""
    return np.concatenate(windows) if windows else np.empty(0, dtype=np.int32)
