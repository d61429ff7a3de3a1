"""The trigram against a slow reference in dictionaries, sums to one, discounts, and degenerate input."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.canary import kneser_ney as kn
from stages.mix.canary.vocabulary import flat

SIZE = 12  # ids 1 to 12, of which text uses 2 to 9


def windows(*ids):
    return flat([np.array([0, 0, *w], dtype=np.int32) for w in ids])


class Reference:
    """Interpolated Kneser-Ney with one absolute discount per order, as in the textbook."""

    def __init__(self, texts, size):
        self.size = size
        self.tri = Counter((u, v, w) for t in texts for u, v, w in zip([0, 0, *t], [0, *t], t))
        self.bi = Counter((v, w) for _, v, w in self.tri)
        self.uni = Counter(w for _, w in self.bi)
        self.tables = []
        for counts in (self.tri, self.bi):
            followers = defaultdict(dict)
            for key, c in counts.items():
                followers[key[:-1]][key[-1]] = c
            self.tables.append((followers, self.discount(counts)))

    @staticmethod
    def discount(counts):
        once, twice = (sum(c == n for c in counts.values()) for n in (1, 2))
        return min(0.95, max(0.4, once / (once + 2 * twice) if once else 0.0))

    @staticmethod
    def step(followers, d, w, below):
        total = sum(followers.values())
        return below if not total else (max(followers.get(w, 0) - d, 0) + d * len(followers) * below) / total

    def p(self, u, v, w):
        below = self.step(self.uni, self.discount(self.uni), w, 1 / self.size)
        (tri, d3), (bi, d2) = self.tables
        below = self.step(bi.get((v,), {}), d2, w, below)
        return self.step(tri.get((u, v), {}), d3, w, below)


TEXTS = st.lists(st.lists(st.integers(2, 9), min_size=1, max_size=12), min_size=1, max_size=12)


@settings(deadline=None, max_examples=150)
@given(TEXTS, TEXTS)
def test_probabilities_equal_the_reference(train, held):
    model, slow = kn.fit(windows(*train), SIZE), Reference(train, SIZE)
    expected = [slow.p(u, v, w) for t in held for u, v, w in zip([0, 0, *t], [0, *t], t)]
    tokens = windows(*held)
    assert kn.evaluate(model, kn.ask(tokens))[tokens > 0] == pytest.approx(expected, rel=1e-9, abs=0)


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.integers(0, 12), st.integers(0, 12))
def test_every_context_sums_to_one(train, u, v):
    model = kn.fit(windows(*train), SIZE)
    contexts = [[v] if u == 0 else [u, v]] if v else [[]]
    tokens = windows(*([*c, w] for c in contexts for w in range(1, SIZE + 1)))
    ends = np.flatnonzero(np.append(tokens[1:] == 0, True) & (tokens > 0))
    assert math.fsum(kn.evaluate(model, kn.ask(tokens))[ends]) == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(TEXTS, st.integers(1, 12))
def test_no_word_is_likelier_than_its_contexts_bound(train, w):
    model = kn.fit(windows(*train), SIZE)
    generating = model._replace(uni=model.seen)
    for context, (a, b) in enumerate(zip(model.tri_start, model.tri_start[1:])):
        v = 0 if context == 0 else int(model.bi_words[context - 1])
        if b > a:
            assert kn.probability(generating, context, v, w) <= model.tri_most[context] + 1e-12
        assert kn.probability(generating, -1, v, w) <= model.bi_most[v] + 1e-12


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([1] * 6 + [2] * 2, 0.6), ([1] * 50 + [2], 0.95), ([2, 4, 6], 0.4), ([1, 2, 2, 2, 2], 0.4), ([], 0.4)],
)
def test_discounts_come_from_once_and_twice_and_are_held(counts, expected):
    assert kn.discount(np.array(counts, dtype=np.int64)) == pytest.approx(expected)


def test_text_given_twice_does_not_make_the_model_degenerate():
    text = [[2, 3, 4, 5], [3, 4, 6], [7, 8, 2, 3]]
    once, twice = (kn.fit(windows(*text * n), SIZE) for n in (1, 2))
    held = windows([2, 3, 4, 6])
    assert kn.evaluate(twice, kn.ask(held)).min() > 0.1 * kn.evaluate(once, kn.ask(held)).min()


def test_a_model_of_nothing_is_uniform():
    model = kn.fit(windows(), SIZE)
    assert kn.evaluate(model, kn.ask(windows([2, 3])))[[2, 3]].tolist() == pytest.approx([1 / SIZE] * 2)


def test_begins_have_no_loss():
    model = kn.fit(windows([2, 3]), SIZE)
    assert kn.evaluate(model, kn.ask(windows([2], [3])))[[0, 1, 3, 4]].tolist() == [1, 1, 1, 1]
