import polars as pl
import pytest

from stages.quality.signals import fineweb


def value(signal: str, text: str, n_tokens: int = 10) -> float | None:
    frame = pl.DataFrame({"text": [text], "language": ["en"], "n_tokens": [n_tokens]})
    return frame.select(getattr(fineweb, signal)()).item()


def test_terminal_marks_of_several_scripts_count_behind_quotes_too() -> None:
    assert value("terminal_punctuation_share", "End.\n“Really?”  \nそうです。\nno mark\n\nv1.2") == 0.6
    assert value("terminal_punctuation_share", "One line only") is None


@pytest.mark.parametrize(("length", "short"), [(29, 1.0), (30, 0.0)])
def test_lines_below_thirty_characters_are_short(length: int, short: float) -> None:
    assert value("short_line_share", "\n".join(["é" * length] * 3)) == short


def test_newlines_per_token() -> None:
    assert value("newline_word_ratio", "a\nb\nc", 4) == 0.5
    assert value("newline_word_ratio", "\n", 0) is None
