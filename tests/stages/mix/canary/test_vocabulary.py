"""Words as ids: one vocabulary whatever the order, and what lies outside it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.mix.canary import vocabulary as v

WORDS = st.lists(st.text(alphabet="abcdeå中", min_size=1, max_size=3), min_size=1, max_size=8).map(" ".join)


@given(st.lists(WORDS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_vocabulary_does_not_depend_on_the_order_of_windows(windows, dice):
    mixed = list(windows)
    dice.shuffle(mixed)
    cut = len(mixed) // 2
    assert v.build(mixed[:cut], mixed[cut:]).ids == v.build(windows).ids


def test_ids_begin_behind_begin_and_other_and_are_dense():
    ids = v.build(["a b c", "c d"]).ids
    assert sorted(ids.values()) == [2, 3, 4, 5]
    assert v.build(["a b c", "c d"]).size == 5


def test_a_window_stands_behind_two_begins_and_unknown_words_are_other():
    known = v.build(["a b"])
    assert v.encode(["a x b", ""], known)[0].tolist() == [0, 0, known.ids["a"], 1, known.ids["b"]]
    assert v.encode([""], known)[0].tolist() == [0, 0]


def test_beyond_the_limit_the_smallest_hashes_stay(monkeypatch):
    everything = v.build(["a b c d e f"])
    monkeypatch.setattr(v, "MAX_WORDS", 3)
    assert v.build(["f e d", "c b a"]).words() == everything.words()[:3]


def test_end_to_end_of_nothing_is_empty():
    assert v.flat([]).dtype == np.int32
    assert len(v.flat([])) == 0
