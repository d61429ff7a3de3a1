from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.quality.signals._repetition import COLUMNS, DUPLICATE, TOP, repetition

TEXTS = st.text(alphabet="ab\n \u00a0é", max_size=60)


def measure(text: str) -> dict[str, float | None]:
    return repetition(pl.Series("text", [text]))[0]


def slow_repeats(items: list[str]) -> tuple[float, float] | None:
    seen: set[str] = set()
    again = []
    for item in items:
        again += [item] if item in seen else []
        seen.add(item)
    chars = sum(map(len, items))
    return (len(again) / len(items), sum(map(len, again)) / chars) if items else None


def slow_top(words: list[str], n: int) -> float:
    counts = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    often = max(counts.values())
    longest = max(sum(map(len, gram)) for gram, count in counts.items() if count == often)
    return min(1.0, often * longest / sum(map(len, words))) if often > 1 else 0.0


def slow_duplicate(words: list[str], n: int) -> float:
    seen: set[tuple[str, ...]] = set()
    covered: set[int] = set()
    for i in range(len(words) - n + 1):
        gram = tuple(words[i : i + n])
        covered |= set(range(i, i + n)) if gram in seen else set()
        seen.add(gram)
    return sum(len(words[i]) for i in covered) / sum(map(len, words))


@given(TEXTS)
@settings(deadline=None, max_examples=100)
def test_the_kernel_agrees_with_loops_over_words_and_lines(text: str) -> None:
    found, words = measure(text), text.split()
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    expected = slow_repeats(lines)
    assert (found["words"], found["word_chars"]) == (len(words), sum(map(len, words)))
    if expected is None:
        assert found["duplicate_line_share"] is None
    else:
        assert found["duplicate_line_share"] == pytest.approx(expected[0])
        assert found["duplicate_line_char_share"] == pytest.approx(expected[1])
    for prefix, sizes, slow in (("top", TOP, slow_top), ("duplicate", DUPLICATE, slow_duplicate)):
        for n in sizes:
            value = found[f"{prefix}_{n}gram_share"]
            assert value == (pytest.approx(slow(words, n)) if len(words) >= n else None)


@given(TEXTS)
@settings(deadline=None, max_examples=50)
def test_shares_lie_between_0_and_1(text: str) -> None:
    found = measure(text)
    assert all(found[c] is None or 0 <= found[c] <= 1 for c in COLUMNS[2:])


def test_paragraphs_are_runs_of_lines_between_blank_ones() -> None:
    found = measure("a b\nc\n\nx\n \na b\nc\n\n\nx y")
    assert found["duplicate_paragraph_share"] == 0.25
    assert found["duplicate_paragraph_char_share"] == pytest.approx(4 / 12)
    assert measure("a\nb\n\na b")["duplicate_paragraph_share"] == 0


def test_inner_space_tells_lines_apart_and_outer_does_not() -> None:
    assert measure("a b\n  a b \t\na  b")["duplicate_line_share"] == pytest.approx(1 / 3)


def test_a_text_of_one_word_over_and_over_is_covered_once() -> None:
    found = measure("ha " * 1000)
    assert found["top_2gram_share"] == 1.0
    assert found["duplicate_5gram_share"] == pytest.approx(0.999)


def test_what_comes_once_is_no_repetition() -> None:
    assert measure("one two three four")["top_2gram_share"] == 0.0


def test_an_empty_text_has_no_share() -> None:
    assert {c: v for c, v in measure(" \n").items() if v is not None} == {"words": 0.0, "word_chars": 0.0}


def test_of_equally_frequent_ngrams_the_longest_counts_wherever_it_stands() -> None:
    assert measure("a b a b ccc ddd ccc ddd")["top_2gram_share"] == 0.75
    assert measure("ccc ddd ccc ddd a b a b")["top_2gram_share"] == 0.75


def test_the_characters_of_a_line_include_its_inner_spaces() -> None:
    assert measure("a b\n a b \nc")["duplicate_line_char_share"] == pytest.approx(3 / 7)
