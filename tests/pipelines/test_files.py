"""Files: what is written is what is read, whatever a name holds."""

import pytest

from pipelines.files import read_lines, write_lines

# What `str.splitlines` ends a line at beside \n; JSON escapes the first six and writes the others as they are.
ENDS = ("\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"U+{ord(end):04X}")
def test_a_row_is_a_line_whatever_its_names_hold(tmp_path, end) -> None:
    rows = [{"path": f"data/a{end}b.warc.gz"}, {"path": end}, {"path": "c"}]
    write_lines(tmp_path / "x.jsonl", rows)
    assert read_lines(tmp_path / "x.jsonl") == rows


def test_no_file_and_an_empty_one_have_no_rows(tmp_path) -> None:
    (tmp_path / "x.jsonl").write_text("")
    assert read_lines(tmp_path / "x.jsonl") == read_lines(tmp_path / "y.jsonl") == []
