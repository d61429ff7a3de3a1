"""What pages made, on a terminal: inert, bounded, masked."""

import pytest

from pipelines.terminal import block, masked, safe


@pytest.mark.parametrize("mark", ["\x1b[31m", "\x07", "\u202e", "\u2066", "\u200f", "\u200b", "\ufeff", "\x9b2J"])
def test_no_mark_gets_through(mark: str) -> None:
    assert safe(f"a{mark}b").isprintable()
    assert block(f"a{mark}b\nc").replace("\n", "").isprintable()


def test_one_line_of_at_most_so_many_characters() -> None:
    assert safe("a\nb\tc") == "a b c"
    assert safe("x" * 400) == "x" * 299 + "…"
    assert block("x" * 400 + "\nb") == "x" * 400 + "\nb"


def test_personal_data_is_masked() -> None:
    prose = "Write to jane.doe@example.org, or to 203.0.113.77 directly; jane.doe@example.org again."
    assert masked(prose) == "Write to [email], or to [ip] directly; [email] again."
    assert masked("jane.doe@example.org") == "[email]"


def test_the_address_that_a_row_is_about_stays() -> None:
    assert masked("http://203.0.113.77/page") == "http://203.0.113.77/page"
