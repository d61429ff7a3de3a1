"""Values into HTML: whatever a value holds, what comes out is text."""

from html import unescape
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reports import markup
from pipelines.reports.markup import Html


class Seen(HTMLParser):
    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.words = [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=400))
def test_no_text_becomes_markup(value):
    seen = Seen(f"<p>{markup.text(value)}</p>")
    assert seen.tags == ["p"]


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=markup.LONGEST))
def test_ordinary_text_is_read_as_it_was_written(value):
    plain = "".join(c for c in value if not markup._MARKS.match(c))
    assert unescape(markup.text(plain)) == plain


def test_marks_that_reorder_are_spelled_out():
    assert markup.text("a\u202eb\u200f") == "a[U+202E]b[U+200F]"


def test_a_lone_surrogate_can_be_written():
    assert markup.text("\ud800").encode() == b"[U+D800]"


def test_long_values_are_cut_and_say_so():
    assert markup.text("x" * 1000) == "x" * markup.LONGEST + "… (1,000 characters)"


def test_numbers_and_nothing():
    assert [markup.text(v) for v in (1234567, 0.12345678, 10000.0, None, True)] == [
        *("1,234,567", "0.123457", "10,000", "–", "True")
    ]


def test_shares_of_nothing_are_undefined():
    assert (markup.percent(1, 3), markup.percent(0, 0)) == ("33.3 %", "–")


def test_markup_is_not_escaped_twice():
    assert markup.tag("p", Html("<b>x</b>")) == "<p><b>x</b></p>"
    assert markup.tag("p", "<b>") == "<p>&lt;b&gt;</p>"


def test_a_table_without_rows_is_nothing():
    assert markup.table("c", ("a",), []) == ""
    assert markup.section("a", "t") == ""
