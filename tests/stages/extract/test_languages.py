from pathlib import Path

import pytest

from stages.extract import html
from stages.extract.languages import KEPT_MAX, foreign

MODEL = str(Path(__file__).resolve().parents[3] / "data" / "models" / "language" / "model.ftz")
ENGLISH = "The harbour was quiet in the morning, and the boats lay at their moorings as they had all winter. "
GERMAN = "Der Hafen war am Morgen still, und die Boote lagen an ihren Plätzen wie den ganzen Winter über. "
MENU = "<li>Home</li><li>About us</li><li>Contact and imprint</li><li>Read more about this site</li>"


def asked(body, kept):
    look = html.look(html.read(f"<meta charset=utf-8><body>{body}".encode(), None), 10_000, 100)
    return foreign(MODEL, [look], kept)[0]


def text(sentence, n=20):
    return "".join(f"<p>{sentence * 2}</p>" for _ in range(n))


def test_a_page_in_another_language_is_foreign_and_says_which():
    found = asked(text(GERMAN), ("en", "fr"))
    assert found is not None
    assert (found.language, found.bound) == ("de", KEPT_MAX)
    assert 0 <= found.kept_score < KEPT_MAX


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (text(GERMAN), ("de",)),
        (text(GERMAN), None),
        (text(GERMAN) + text(ENGLISH, 40), ("en",)),  # the windows differ
        (text(ENGLISH) + text(GERMAN, 40), ("en",)),
        (text(GERMAN) + text(ENGLISH, 40), ("th",)),
        (text(GERMAN) + f"<p>{ENGLISH * 9}</p>", ("en",)),  # the longest line
        (GERMAN, ("en",)),  # too short for two windows
        ("", ("en",)),
    ],
)
def test_doubt_keeps_a_page(body, kept):
    assert asked(body, kept) is None


def test_no_language_kept_makes_everything_foreign():
    assert asked(text(GERMAN), ()).language == "de"


def test_a_menu_in_another_language_decides_nothing():
    assert asked(MENU * 3 + text(ENGLISH), ("en",)) is None
    assert asked(MENU * 9 + text(GERMAN), ("de",)) is None
