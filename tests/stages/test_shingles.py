"""Words, n-grams and Jaccard: the kernels against slow references."""

import unicodedata
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import shingles
from stages.shingles import flat_sets, jaccard, ngrams, normalise, shingle_sets

HIGH = (
    "a漢\u0301\ufe00\u180b\u180e\u200d\U00020000\U0003ffff\U00040000\U000e0067\U000e0100\U000e01ef\U000e01f0\U000f0001"
)
TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
    | st.text("aB1 é漢กิ'-.\n\u0301", max_size=60)
    | st.text(HIGH, max_size=30)
)


def words(text: str) -> list[str]:
    """The module's own definition, word by word."""
    out: list[str] = []
    state = "apart"
    for char in text:
        han = 0x20000 <= ord(char) < 0x40000
        kind = "L" if han else unicodedata.category(char)[0]
        if kind not in "LNM":
            state = "apart"
            continue
        if kind == "M":
            if state != "apart":
                out[-1] += char.lower()[0]
            continue
        single = han or any(a <= ord(char) <= b for a, b in shingles._UNSPACED)
        lower = char if han else char.lower()[0]
        if single or state != "open":
            out.append(lower)
        else:
            out[-1] += lower
        state = "single" if single else "open"
    return out


def normal(texts: list[str | None]) -> list[str]:
    return [
        bytes(b.data[s:e]).decode()
        for b in normalise(pl.Series(texts, dtype=pl.String))
        for s, e in zip(b.bounds, b.bounds[1:])
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!  3.14", "hello world 3 14"),
        ("  leading and trailing  ", "leading and trailing"),
        ("ÉCOLE Ünïcode", "école ünïcode"),
        ("İstanbul", "istanbul"),
        ("漢字 kana かな", "漢 字 kana か な"),
        ("กิน", "กิ น"),
        ("a\u0301b", "a\u0301b"),
        ("\u0301a", "a"),
        ("-\u0301a", "a"),
        ("don’t — «oui»", "don t oui"),
        ("\U00020000\U00020001x", "\U00020000 \U00020001 x"),
        ("go \U0001f3f4\U000e0067\U000e0062\U000e007f now", "go now"),
        ("葛\U000e0100城\ufe00市a\U000e01ef", "葛\U000e0100 城\ufe00 市 a\U000e01ef"),
        ("\U000e0100a-\U000e0101", "a"),
        ("icon\U000f0001text\U0010fffd", "icon text"),
        ("ᠠ\u180bᠠ\u180eᠠ\u180f", "ᠠ\u180bᠠ ᠠ\u180f"),
        ("क्\u200dष", "क् ष"),
        ("!!! … \x00", ""),
        (None, ""),
    ],
)
def test_normalised_text_is_lower_case_words_joined_by_spaces(text, expected):
    assert normal(["before", text, "after"]) == ["before", expected, "after"]


@settings(deadline=None, max_examples=100)
@given(st.lists(TEXTS, max_size=6))
def test_normalise_equals_reference(texts):
    assert normal(texts) == [" ".join(words(t)) for t in texts]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("abc ", max_size=40), min_size=1, max_size=4), st.integers(1, 6))
def test_shingle_sets_count_like_sets_of_word_tuples(texts, n):
    """Hashes are equal exactly where the tuples of words are, within and across texts."""
    tuples = []
    for text in texts:
        w = words(text)
        tuples.append({tuple(w[i : i + n]) for i in range(max(1, len(w) - n + 1))} if w else set())
    sets = shingle_sets(pl.Series(texts), n)
    assert [len(s) for s in sets] == [len(t) for t in tuples]
    for a, ta in zip(sets, tuples):
        for b, tb in zip(sets, tuples):
            assert jaccard(a, b) == (len(ta & tb), len(ta | tb))


def test_the_first_word_hashes_like_any_other():
    first, later = shingle_sets(pl.Series(["one two", "zero one two"]), 2)
    assert jaccard(first, later) == (1, 2)


def test_word_order_matters():
    a, b = shingle_sets(pl.Series(["one two three", "three two one"]), 2)
    assert jaccard(a, b)[0] == 0


def test_short_texts_have_one_shingle_but_no_ngram():
    texts = pl.Series(["one two", "", "one two three"])
    assert [len(s) for s in shingle_sets(texts, 3)] == [1, 0, 1]
    assert [len(h) for h in ngrams(texts, 3)] == [1]


def test_ngrams_keep_repeats():
    (found,) = ngrams(pl.Series(["a b a b a b"]), 2)
    assert sorted(np.unique(found, return_counts=True)[1].tolist()) == [2, 3]


def test_batches_change_nothing(monkeypatch):
    texts = pl.Series([f"text number {i} with some words {i * i}" for i in range(50)])
    whole = shingle_sets(texts, 3)
    monkeypatch.setattr(shingles, "BATCH_BYTES", 64)
    assert len(list(normalise(texts))) > 10
    assert all((a == b).all() for a, b in zip(whole, shingle_sets(texts, 3), strict=True))


def test_slices_of_a_column_read_their_own_text():
    texts = pl.Series(["first one", "second two", "third three"])
    assert normal(texts[1:].to_list()) == ["second two", "third three"]
    sliced, own = shingle_sets(texts[1:], 2), shingle_sets(pl.Series(texts[1:].to_list()), 2)
    assert all((a == b).all() for a, b in zip(sliced, own, strict=True))


def test_flat_sets_lie_end_to_end_sorted_and_distinct(monkeypatch):
    monkeypatch.setattr(shingles, "BATCH_BYTES", 20)
    texts = pl.Series(["b a b a b a b", "", "one", None, "x y x y x y z", "one two three"])
    values, bounds = flat_sets(texts, 2)
    assert bounds.tolist() == [0, 2, 2, 3, 3, 6, 8]
    assert [values[a:b].tolist() for a, b in pairwise(bounds)] == [sorted(s.tolist()) for s in shingle_sets(texts, 2)]
    assert all(np.all(np.diff(values[a:b]) > 0) for a, b in pairwise(bounds))
    assert set(values[3:6]) == set(np.concatenate(list(ngrams(texts[4:5], 2))))
