import io

import pytest

from stages.extract.members import BLANKS_MAX
from stages.extract.window import Window


def window(raw):
    found = Window(io.BytesIO(raw))
    assert found.open_run()
    return found


def test_header_lines_are_found_across_the_ends_of_pieces():
    raw = b"WARC/1.0\r\n" + b"x" * 131_060 + b"\nWARC/1.0\r\n"
    view = window(raw)
    view.to_next_header()
    assert view.stored() == (raw.rindex(b"WARC"), 0)
    assert view.is_header(0)


@pytest.mark.parametrize("at", [65_535, 65_536, 65_537])
def test_a_header_line_at_the_end_of_a_step_is_not_stepped_over(at):
    view = window(b"WARC/1.0".ljust(at - 1, b"x") + b"\nWARC/1.0" + b"x" * 70_000)
    view.to_next_header()
    assert view.stored() == (at, 0)


def test_skipping_counts_the_header_lines_passed():
    raw = b"WARC/1.0\r\n" + b"WARC/1.1\r\n" * 20_000 + b"end"
    view = window(raw)
    assert view.skip(len(raw) - 3) == (len(raw) - 3, 20_000)


def test_a_record_may_end_at_blanks_before_a_header_or_at_the_sound_end():
    assert window(b"WARC/1.0\r\nab\r\n\r\nWARC/1.0").after_blanks(12) == 16
    assert window(b"WARC/1.0\r\nab\r\n\r\n").after_blanks(12) == 16
    assert window(b"WARC/1.0\r\nab\r\n\r\nxyz").after_blanks(12) is None
    assert window(b"WARC/1.0\r\nabWARC/1.0").after_blanks(12) is None


def test_blanks_have_an_end():
    assert window(b"WARC/1.0" + b"\n" * (BLANKS_MAX + 1) + b"WARC/1.0").after_blanks(8) is None
    assert window(b"WARC/1.0" + b"\n" * BLANKS_MAX + b"WARC/1.0").after_blanks(8) == 8 + BLANKS_MAX


def test_room_is_known_where_nothing_is_compressed():
    assert window(b"WARC/1.0\r\n").has_room(10)
    assert not window(b"WARC/1.0\r\n").has_room(11)
