import polars as pl
import pytest

from stages.quality.signals import gopher
from stages.tokens import count_tokens


def value(signal: str, text: str, language: str | None = "en") -> float | None:
    frame = pl.DataFrame({"text": [text], "language": [language]}, schema={"text": pl.String, "language": pl.String})
    frame = frame.with_columns(n_tokens=pl.Series(count_tokens([text]))).with_columns(gopher.SHARED)
    return frame.select(getattr(gopher, signal)()).item()


def test_word_count_counts_tokens_so_that_chinese_has_words() -> None:
    assert value("word_count", "one two, three") == 3
    assert value("word_count", "日本語の文", "ja") == 5


def test_mean_word_length_is_of_space_separated_words() -> None:
    assert value("mean_word_length", "ab  cdef\nü") == pytest.approx(7 / 3)
    assert value("mean_word_length", " ") is None
    assert value("mean_word_length", "日本語の文", "ja") is None
    assert value("mean_word_length", "abc", None) == 3


def test_symbol_word_ratio_takes_the_worse_of_hash_and_ellipsis() -> None:
    assert value("symbol_word_ratio", "#a #b c d") == 0.5
    assert value("symbol_word_ratio", "a... b… c... #d") == 0.75
    assert value("symbol_word_ratio", "###") is None


def test_bullet_line_share() -> None:
    assert value("bullet_line_share", "• one\n - two\nthree\n\n* four") == 0.75
    assert value("bullet_line_share", "-5 degrees\nb\nc") == 0


def test_ellipsis_line_share() -> None:
    assert value("ellipsis_line_share", "more...\nand… \nwait ... no\nend") == 0.5


def test_a_share_of_fewer_than_three_lines_is_undefined() -> None:
    assert value("ellipsis_line_share", "a...\nb...") is None
    assert value("bullet_line_share", "• a") is None


def test_alphabetic_word_share() -> None:
    assert value("alphabetic_word_share", "a1 22 -- (é) 1b") == 0.6
    assert value("alphabetic_word_share", "文", "zh") is None


def test_stop_words_are_counted_once_each_and_in_english_only() -> None:
    assert value("stop_word_count", "The cat and THE dog, to be") == 4
    assert value("stop_word_count", "other band tobe wither") == 0
    assert value("stop_word_count", "the and to", "de") is None


@pytest.mark.parametrize(
    ("signal", "text", "expected"),
    [
        ("duplicate_line_share", "a\nb\na\nc", 0.25),
        ("duplicate_line_char_share", "aaaa\nb\naaaa\nc", 0.4),
        ("duplicate_paragraph_share", "a\n\nb\n\na\n\nc", 0.25),
        ("duplicate_paragraph_char_share", "aaaa\n\nb\n\naaaa\n\nc", 0.4),
        ("top_2gram_share", "a b x a b y", 4 / 6),
        ("top_3gram_share", "a b c x a b c y", 6 / 8),
        ("top_4gram_share", "a b c d x a b c d y", 8 / 10),
        ("duplicate_5gram_share", "a b c d e x a b c d e", 5 / 11),
        ("duplicate_6gram_share", "a b c d e f x a b c d e f", 6 / 13),
        ("duplicate_7gram_share", "a b c d e f g a b c d e f g", 7 / 14),
        ("duplicate_8gram_share", "a b c d e f g h a b c d e f g h", 8 / 16),
        ("duplicate_9gram_share", "a b c d e f g h i a b c d e f g h i", 9 / 18),
        ("duplicate_10gram_share", "a b c d e f g h i j a b c d e f g h i j", 10 / 20),
    ],
)
def test_repetition_by_hand(signal: str, text: str, expected: float) -> None:
    assert value(signal, text) == pytest.approx(expected)


def test_word_ngrams_are_undefined_without_spaces() -> None:
    assert value("top_2gram_share", "ไทย ไทย ไทย", "th") is None
    assert value("duplicate_line_share", "文\n文", "zh") == 0.5
