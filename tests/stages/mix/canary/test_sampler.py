"""Samples follow the probabilities, at any temperature and top-p; every bit is a function of seed and place."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mix.canary import kneser_ney as kn
from stages.mix.canary.sampler import sample
from stages.mix.canary.vocabulary import flat

SIZE = 3_000  # most of them unseen
DICE = random.Random(1)
TEXT = [[2 + int(17 * DICE.random() ** 3) for _ in range(8)] for _ in range(12)]


def windows(*ids):
    return flat([np.array([0, 0, *w], dtype=np.int32) for w in ids])


MODEL = kn.fit(windows(*TEXT), SIZE)
DRAWS = 40_000


def shares(context, temperature=1.0):
    """What a word behind `context` should be drawn with, from the model over the words it has seen."""
    tokens = windows(*([*context, w] for w in range(1, SIZE + 1)))
    ends = np.flatnonzero(np.append(tokens[1:] == 0, True) & (tokens > 0))
    p = kn.evaluate(MODEL._replace(uni=MODEL.seen), kn.ask(tokens))[ends] ** (1 / temperature)
    return p / p.sum()


def chi_square(found, expected):
    """The statistic's distance from its mean in standard deviations; cells of fewer than 5 are pooled."""
    large = expected >= 5
    o = np.append(found[large], found[~large].sum())
    e = np.append(expected[large], expected[~large].sum())
    o, e = o[e > 0], e[e > 0]
    freedom = len(e) - 1
    return (((o - e) ** 2 / e).sum() - freedom) / (2 * freedom) ** 0.5


@pytest.mark.parametrize("temperature", [1.0, 0.8, 0.5])
def test_frequencies_are_the_probabilities(temperature):
    drawn = sample(MODEL, DRAWS, 3, 7, temperature).reshape(DRAWS, 5)[:, 2:]
    first = np.bincount(drawn[:, 0], minlength=SIZE + 1)[1:]
    assert abs(chi_square(first, DRAWS * shares([], temperature))) < 4
    for a in (np.argsort(-first)[:3] + 1).tolist():
        second = np.bincount(drawn[drawn[:, 0] == a, 1], minlength=SIZE + 1)[1:]
        assert second.sum() > 100
        assert abs(chi_square(second, second.sum() * shares([a], temperature))) < 4
    pairs, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    a, b = pairs[counts.argmax()].tolist()
    third = np.bincount(drawn[(drawn[:, 0] == a) & (drawn[:, 1] == b), 2], minlength=SIZE + 1)[1:]
    assert abs(chi_square(third, third.sum() * shares([a, b], temperature))) < 4


def test_top_p_draws_from_the_nucleus():
    p = shares([])
    order = np.argsort(-p)
    core = order[: int((np.cumsum(p[order]) < 0.35).sum())] + 1
    edge = order[int((np.cumsum(p[order]) < 0.75).sum()) + 1 :] + 1
    drawn = sample(MODEL, 5_000, 1, 7, 1.0, 0.5).reshape(5_000, 3)[:, 2]
    assert np.isin(core, drawn).all()
    assert np.isin(drawn, edge).mean() < 0.01


def test_a_generator_coins_no_words():
    drawn = sample(MODEL, 3_000, 12, 3)
    assert set(drawn.tolist()) - {0} <= set(MODEL.uni_words.tolist())


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**40), st.sampled_from([(1.0, 1.0), (0.8, 1.0), (1.0, 0.9)]), st.integers(1, 9))
def test_a_window_does_not_depend_on_how_many_are_drawn(seed, decoding, few):
    more = sample(MODEL, 10, 6, seed, *decoding)
    assert sample(MODEL, few, 6, seed, *decoding).tolist() == more[: few * 8].tolist()


def test_seeds_differ_and_the_same_seed_does_not():
    a, b, again = (sample(MODEL, 50, 10, seed).tolist() for seed in (1, 2, 1))
    assert a == again
    assert sum(x != y for x, y in zip(a, b)) > 200


def test_windows_stand_behind_two_begins():
    drawn = sample(MODEL, 4, 5, 1).reshape(4, 7)
    assert (drawn[:, :2] == 0).all()
    assert (drawn[:, 2:] > 0).all()


def test_a_model_of_nothing_draws_from_all_words():
    drawn = sample(kn.fit(windows(), 30), 2_000, 1, 1).reshape(-1, 3)[:, 2]
    assert set(drawn.tolist()) == set(range(1, 31))
