import io

import pytest

from stages import schemas
from stages.extract.members import NotAWarc
from stages.extract.scan import HEADER_MAX, scan


def scanned(raw):
    return scan(io.BytesIO(raw), "x.warc", "d")


def test_every_record_has_a_row_with_the_columns_of_the_schema(warcs):
    raw = b"".join(warcs.many(3)) + warcs.record(kind="request", name="<urn:r>")
    found = scanned(raw)
    assert found.records.columns == schemas.RECORDS.names
    assert found.records["record_type"].to_list() == ["response"] * 3 + ["request"]
    assert found.records["doc_id"].null_count() == 1
    assert found.records["host"].to_list() == ["a.example"] * 4
    assert found.records["warc_offset"][1] == len(warcs.record(name="<urn:uuid:0>", url="http://a.example/0"))


def test_offsets_of_compressed_records_are_those_of_their_members(warcs):
    members = [warcs.zipped(r) for r in warcs.many(3)]
    found = scanned(b"".join(members))
    assert found.records["warc_offset"].to_list() == [0, len(members[0]), len(members[0] + members[1])]


def test_a_header_inside_a_payload_counts_and_has_no_row(warcs):
    inner = warcs.record(name="<urn:inner>")
    found = scanned(warcs.record(body=b"a page about archives\n" + inner) + warcs.record(name="<urn:2>"))
    assert (found.n_headers, found.records.height) == (3, 2)


def test_a_version_counts_at_the_start_of_a_line_only(warcs):
    found = scanned(warcs.record(body=b"see WARC/1.0\nWARC/1.7 and\n WARC/1.1\nWARC/0.18 x\nWARC/0.17"))
    assert found.n_headers == 3


def test_a_record_with_a_wrong_length_has_no_row_and_the_next_has(warcs):
    found = scanned(warcs.record(length=9) + warcs.record(name="<urn:2>") + warcs.record(name="<urn:3>", length=10**9))
    assert (found.n_headers, found.records.height) == (3, 1)


def test_records_longer_than_the_window_are_framed(warcs):
    raw = b"".join(warcs.many(3, body=b"x" * (5 * HEADER_MAX) + b"\n\n\n"))
    assert scanned(raw).records.height == 3
    assert scanned(warcs.zipped(*warcs.many(3, body=b"x" * (5 * HEADER_MAX)))).records.height == 3


@pytest.mark.parametrize("pad", range(9))
def test_no_header_line_is_missed_or_counted_twice_where_the_window_ends(warcs, pad):
    found = scanned(warcs.record(body=b"x" * pad + b"\nWARC/1.1" * 40_000))
    assert found.n_headers == 40_001


def test_lines_that_end_with_lf_are_read(warcs):
    raw = warcs.record().replace(b"\r\n\r\n<html>", b"\r\n\r\n<html>", 1)
    head, _, rest = raw.partition(b"\r\n\r\n")
    found = scanned(head.replace(b"\r\n", b"\n") + b"\n\n" + rest)
    assert found.records["url"].to_list() == ["http://a.example/1"]


def test_folded_and_repeated_fields(warcs):
    raw = warcs.record(extra="WARC-Target-URI: http://second.example/\r\nX: a\r\n b\r\n")
    assert scanned(raw).records["url"].to_list() == ["http://a.example/1"]


def test_a_file_without_any_header_is_no_warc():
    with pytest.raises(NotAWarc, match=r"x\.warc: no WARC header stands in this file"):
        scanned(b"<html>no archive</html>")
