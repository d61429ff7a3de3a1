import pytest

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
    ],
)
def test_media_type_and_charset(stated, expected):
    assert media_type(stated) == expected


def test_a_sound_record_counts_itself_and_what_it_holds():
    tally = Tally()
    tally.sound(2, True)
    tally.sound(0, False)
    assert (tally.n_other_types, tally.n_embedded, tally.n_headers) == (1, 2, 4)
