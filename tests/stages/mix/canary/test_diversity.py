"""Diversity against direct counts."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.mix.canary.diversity import diversity
from stages.mix.canary.vocabulary import flat

TEXTS = st.lists(st.lists(st.integers(2, 7), min_size=1, max_size=9), min_size=1, max_size=6)
NONE = np.empty(0, dtype=np.int32)


def windows(texts):
    return flat([np.array([0, 0, *t], dtype=np.int32) for t in texts])


@given(TEXTS)
def test_figures_equal_direct_counts(texts):
    counts = Counter(w for t in texts for w in t)
    n = counts.total()
    trigrams = [tuple(t[i : i + 3]) for t in texts for i in range(len(t) - 2)]
    found = diversity(windows(texts), np.array([2, 7], dtype=np.int32))
    assert found.types == len(counts)
    assert found.entropy == pytest.approx(-sum(c / n * math.log2(c / n) for c in counts.values()), abs=1e-12)
    assert found.gt1 == sum(c == 1 for c in counts.values()) / n
    assert found.coverage == ((2 in counts) + (7 in counts)) / 2
    assert found.distinct3 == (len(set(trigrams)) / len(trigrams) if trigrams else None)


def test_words_outside_the_vocabulary_do_not_count():
    found = diversity(windows([[2, 1, 3]]), NONE)
    assert (found.types, found.entropy, found.coverage) == (2, 1.0, None)


def test_nothing_has_no_shares():
    found = diversity(windows([]), NONE)
    assert (found.types, found.entropy, found.distinct3, found.gt1) == (0, 0.0, None, None)
