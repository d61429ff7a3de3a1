import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract.records import Tally, media_type


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("text/html; charset=utf-8", ("text/html", "utf-8")),
        ('Text/HTML;x=y; Charset="ISO-8859-1"', ("text/html", "iso-8859-1")),
        ("text/html;", ("text/html", None)),
        ("; charset=x", (None, "x")),
        ("", (None, None)),
        (None, (None, None)),
        ("text/html ; charset=; charset=utf-8", ("text/html", "utf-8")),
        ('text/html;x="a;charset=foo,b"; charset=utf-8', ("text/html", "utf-8")),
        ('text/html;x="\\",";charset=utf-8', ("text/html", "utf-8")),
        ('text/html;x="a,b/c', ("text/html", None)),
    ],
)
def test_media_type_and_charset(stated, expected):
    assert media_type(stated) == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("text/html, text/html; charset=utf-8", ("text/html", "utf-8")),
        ("text/html; charset=utf-8, text/html; charset=x", ("text/html", "x")),
        ("text/html; charset=utf-8, text/html", ("text/html", "utf-8")),
        ("text/html; charset=utf-8, image/png, text/html", ("text/html", None)),
        ("text/html; charset=a, text/html; charset=b, text/html", ("text/html", "a")),
        ("text/html,", ("text/html", None)),
        (",text/html", ("text/html", None)),
        ("text/html, */*, html", ("text/html", None)),
        ("text/html, application/json", ("application/json", None)),
    ],
)
def test_of_a_list_the_last_valid_type_counts(stated, expected):
    """As Fetch has it under "extract a MIME type": a type that is stated again keeps its charset."""
    assert media_type(stated) == expected


UNREADABLE = ("text/html charset=utf-8", "html", "*/*", "charset=utf-8", '"text/html"', "text/html:charset=utf-8")


@pytest.mark.parametrize("stated", [*UNREADABLE, "/", "text/", "text/html/x", "te xt/html", ",", ";", '"', '"\\'])
def test_what_is_no_type_is_as_good_as_none(stated):
    assert media_type(stated) == (None, None)
    assert media_type(f"{stated}; charset=utf-8") == (None, "utf-8")


@given(st.text(alphabet=';,="\\\\ /*th', max_size=30))
@settings(max_examples=300, deadline=None)
def test_hostile_types_give_a_valid_one_or_none(stated):
    media, charset = media_type(stated)
    assert media is None or (media.count("/") == 1 and not set(media) & set(';,="\\\\ '))
    assert charset is None or charset


def test_a_sound_record_counts_itself_and_what_it_holds():
    tally = Tally()
    tally.sound(2, True)
    tally.sound(0, False)
    assert (tally.n_other_types, tally.n_embedded, tally.n_headers) == (1, 2, 4)
