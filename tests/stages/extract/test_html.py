import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract import html


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=20)))
@settings(max_examples=100, deadline=None)
def test_decoding_never_raises_and_cleaning_leaves_text_that_can_be_written(body, charset):
    text = html.clean(html.decode(body, charset)[0])
    text.encode("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text)


def test_clean_takes_out_what_cannot_stand_in_text():
    assert html.clean("a\x00b\x0b\ud800\ufffe\x7f\x85\te\u0301\r\nf\rg") == "ab\té\nf\ng"


def test_tidy_leaves_one_empty_line_and_no_blanks_at_ends():
    assert html.tidy("  a  \n\n\n\nb \t\n ") == "a\n\nb"


def test_washed_bytes_hold_nothing_that_xml_cannot():
    assert html.Reading("a\x00b\x0b\ud800\ufffe\uffff\x7f\té\r\nf\rg").washed.decode() == "ab\té\nf\ng"


def test_each_form_of_a_page_is_made_once(monkeypatch):
    page = html.Reading("<body><nav>All</nav><p>A sentence that says something of some length.</p></body>")
    made = []
    parse = html.HTMLTree.parse_from_bytes
    counted = type("Counted", (), {"parse_from_bytes": lambda *a: made.append(a) or parse(*a)})
    monkeypatch.setattr(html, "HTMLTree", counted)
    assert page.everything is page.everything
    assert "A sentence" in page.second_opinion
    assert "All" in page.shown
    assert len(made) == 1


def test_no_text_depends_on_what_was_asked_before():
    page = "<body><nav>All</nav><noscript>b</noscript><main><p>A sentence of some length.</p><img alt=c></main></body>"
    names = ("everything", "second_opinion", "shown")
    alone = [getattr(html.Reading(page), name) for name in names]
    together = html.Reading(page)
    assert [getattr(together, name) for name in reversed(names)] == alone[::-1]
    assert [getattr(html.Reading(page), name) for name in names] == alone


def test_the_look_reads_what_visible_text_misses():
    page = (
        b"<body><noscript><p>in noscript</p></noscript><img alt='in alt'><textarea>in form</textarea><p>seen</p></body>"
    )
    found = html.look(html.read(page, None), 1000, 100)
    for words in ("in noscript", "in alt", "in form", "seen"):
        assert words in found.text
    assert found.n_words == len(found.text.split())


def test_the_look_keeps_the_start_of_the_text_and_counts_all_words():
    found = html.look(html.read(b"<p>" + b"word " * 5000, None), 1000, 100)
    assert (len(found.text), found.n_words) == (html.HEAD_CHARS, 5000)


def test_windows_of_the_look():
    found = html.look(html.read(b"<p>" + b" ".join(b"w%d" % i for i in range(150)), None), 1000, 100)
    assert found.text.split()[0] == "w0"
    assert found.middle.split()[-1] == "w149"
    assert len(found.middle) >= html.MIN_WINDOW
    long = html.look(html.read(b"<p>" + b" ".join(b"w%d" % i for i in range(1500)) + b"<p>end", None), 1000, 100)
    assert not set(long.text.split()[:-1]) & set(long.middle.split()[1:-1])
    assert long.block == long.text
    some = html.look(html.read(b"<p>" + b" ".join(b"w%d" % i for i in range(300)), None), 1000, 100)  # 1,390 characters
    assert not set(some.text.split()[:-1]) & set(some.middle.split()[1:])
    assert html.look(html.read(b"<p>" + b"word " * 60, None), 1000, 100).middle == ""


@pytest.mark.parametrize(
    ("text", "n"), [("two words", 2), ("日本語の文", 6), ("ภาษาไทย", 8), ("한국어 문장", 2), ("", 0)]
)
def test_words_of_scripts_without_blanks_are_characters(text, n):
    assert html.words(text) == n


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("<p>x</p>" * 5000, "n_nodes"),
        ("<a " + " ".join(f"a{i}" for i in range(20_000)) + ">", "n_nodes"),
        ("<div>" * 2000, "depth"),
        ("<b><i>" * 700 + "</i></b>" * 700, "depth"),
    ],
)
def test_beyond_a_bound_nothing_is_parsed(monkeypatch, page, what):
    monkeypatch.setattr(html, "HTMLTree", None)
    found = html.look(html.read(page.encode(), None), 4000, 1000)
    assert getattr(found, what) > {"n_nodes": 4000, "depth": 1000}[what]
    assert (found.text, found.n_words) == ("", None)


def test_title_is_one_line_of_text():
    assert html.title("<title lang=en> A\n &amp; B\x00 </title>") == "A & B"
    assert html.title("<p>no title</p>") is None
    assert len(html.title("<title>" + "x" * 5000)) == html.TITLE_MAX
