"""Masks: what looks like personal data goes, in every disguise; reading on is possible; time is linear."""

import time

import pytest

from pipelines.reports.masks import LONGEST, excerpt, masked

GONE = [
    "ada.lovelace@example.org",
    "ada.love\u200blace@exam\u00adple.org",
    "ada＠example.org",
    "ada%40example.org",
    "ada [at] example.org",
    "ada(at)example.org",
    "203.0.113.77",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "2001:db8::8a2e:370:7334",
    "+44 20 7946 0958",
    "(020) 7946-0958",
    "٠٢٠٧٩٤٦٠٩٥٨",
    "GB33BUKB20201555555555",
    "gb33 bukb 2020 1555 5555 55",
    "4111 1111 1111 1111",
]


@pytest.mark.parametrize("secret", GONE)
def test_what_looks_like_personal_data_is_masked(secret):
    seen = masked(f"Ask for it: {secret} or later.")
    digits = [part for part in secret.replace("\u200b", "").replace("\u00ad", "").split() if len(part) > 3]
    assert not [part for part in digits if part in seen]
    assert seen.startswith("Ask for it: ")
    assert seen.endswith("or later.")


@pytest.mark.parametrize(
    "plain", ["In 1987 it cost 3,200 pounds.", "On 2024-03-01 at 12:30 the gate closed.", "3.5 of 10", "C++ :: std"]
)
def test_ordinary_numbers_stay(plain):
    assert masked(plain) == plain


def test_marks_that_cannot_be_seen_are_removed():
    assert masked("a\u202eb\u2066c\ufeffd\u200be") == "abcde"


def test_an_address_at_the_end_of_an_excerpt_is_not_cut_into_a_readable_part():
    for shift in range(40):
        assert "lovelace" not in excerpt("x " * (140 + shift) + "ada.lovelace@example.org", 300)


def test_an_address_at_the_end_of_what_is_looked_at_is_not_shown():
    text = "a.very.long.name.indeed@example.org " * 1000
    for shift in range(36):
        found = excerpt("y" * shift + text, LONGEST)
        assert "long" not in found


def test_an_excerpt_is_one_line_and_says_that_it_is_cut():
    assert excerpt("one\n\ntwo   three", 100) == "one two three"
    assert excerpt("abcdef", 3) == "abc…"


@pytest.mark.parametrize("piece", ["a", "1", "@", "a1", "1.", "::", "ab12", "a@", "(at)"])
def test_time_is_linear_in_hostile_words(piece):
    start = time.perf_counter()
    excerpt(piece * (2_000_000 // len(piece)), 300)
    assert time.perf_counter() - start < 5
