import codecs
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract import html

TEXT = "Привет, мир. Это довольно длинный текст на русском языке."


@pytest.mark.parametrize(
    ("body", "charset", "encoding"),
    [
        (codecs.BOM_UTF8 + TEXT.encode(), "windows-1251", "utf-8"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), None, "utf-16-le"),
        (TEXT.encode("cp1251"), "windows-1251", "cp1251"),
        (b'<meta charset="utf-8">' + TEXT.encode("cp1251"), "windows-1251", "cp1251"),
        (b"<meta charset='windows-1251'>" + TEXT.encode("cp1251"), None, "cp1251"),
        (b"<meta charset='windows-1251'>" + TEXT.encode("cp1251"), "no-such-charset", "cp1251"),
        (b"<meta charset='utf-16'>" + TEXT.encode(), None, "utf-8"),
        (TEXT.encode("cp1251") * 5, None, "cp1251"),
        (TEXT.encode(), None, "utf-8"),
    ],
)
def test_encoding_by_mark_then_http_then_meta_then_bytes(body, charset, encoding):
    text, found = html.decode(body, charset)
    assert found == encoding
    assert TEXT in text


@pytest.mark.parametrize("label", ["euc-jp", "shift_jis", "gb2312", "latin1", "iso-8859-5", "ks_c_5601-1987", "utf-16"])
def test_the_name_of_an_encoding_names_it_again(label):
    first = html.decode(b"abc", label)[1]
    assert html.decode(b"abc", first)[1] == first


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


def test_the_look_reads_what_visible_text_misses():
    page = (
        b"<body><noscript><p>in noscript</p></noscript><img alt='in alt'><textarea>in form</textarea><p>seen</p></body>"
    )
    found = html.look(page, None, 1000, 100)
    for words in ("in noscript", "in alt", "in form", "seen"):
        assert words in found.text
    assert found.n_words == len(found.text.split())


def test_the_look_keeps_the_start_of_the_text_and_counts_all_words():
    found = html.look(b"<p>" + b"word " * 5000, None, 1000, 100)
    assert (len(found.text), found.n_words) == (html.HEAD_CHARS, 5000)


def test_windows_of_the_look():
    found = html.look(b"<p>" + b" ".join(b"w%d" % i for i in range(150)), None, 1000, 100)
    assert found.text.split()[0] == "w0"
    assert found.middle.split()[-1] == "w149"
    assert len(found.middle) >= html.MIN_WINDOW
    long = html.look(b"<p>" + b" ".join(b"w%d" % i for i in range(1500)) + b"<p>end", None, 1000, 100)
    assert not set(long.text.split()[:-1]) & set(long.middle.split()[1:-1])
    assert long.block == long.text
    some = html.look(b"<p>" + b" ".join(b"w%d" % i for i in range(300)), None, 1000, 100)  # 1,390 characters
    assert not set(some.text.split()[:-1]) & set(some.middle.split()[1:])
    assert html.look(b"<p>" + b"word " * 60, None, 1000, 100).middle == ""


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
    monkeypatch.setattr(html, "page_text", lambda _: pytest.fail("parsed"))
    found = html.look(page.encode(), None, 4000, 1000)
    assert getattr(found, what) > {"n_nodes": 4000, "depth": 1000}[what]
    assert (found.text, found.n_words) == ("", None)


def test_elements_that_close_by_themselves_do_not_nest():
    page = "<ul>" + "<li>a<br><p>b<img src=x>" * 900 + "</ul>"
    assert html.size(page, 10_000, 1000) == (1 + 4 * 900, 1)


def test_closing_tags_that_open_nothing_hide_no_depth():
    page = ("<div>" * 600 + "</x>" * 600) * 3
    assert html.size(page, 10_000, 500) == (1800, 1800)


def test_depth_of_a_page_with_few_tags_is_not_counted():
    assert html.size("<div>" * 50, 100, 100) == (50, 0)


def test_title_is_one_line_of_text():
    assert html.title("<title lang=en> A\n &amp; B\x00 </title>") == "A & B"
    assert html.title("<p>no title</p>") is None
    assert len(html.title("<title>" + "x" * 5000)) == html.TITLE_MAX
