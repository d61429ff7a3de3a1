import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract import members
from stages.extract.members import Data, Gap, NotAWarc, events


def runs(raw):
    out = []
    for event in events(io.BytesIO(raw)):
        if isinstance(event, Data):
            if event.opens:
                out.append(b"")
            out[-1] += event.data
    return out


def gaps(raw):
    return [event for event in events(io.BytesIO(raw)) if isinstance(event, Gap)]


def test_plain_bytes_are_one_run():
    assert runs(b"WARC/1.0\r\n" + b"x" * 300_000) == [b"WARC/1.0\r\n" + b"x" * 300_000]


def test_a_member_with_a_version_line_opens_a_run_and_others_continue_it():
    raw = gzip.compress(b"WARC/1.0 a") + gzip.compress(b"more") + gzip.compress(b"WARC/1.1 b")
    assert runs(raw) == [b"WARC/1.0 amore", b"WARC/1.1 b"]
    assert gaps(raw) == []


def test_a_broken_member_gives_what_decodes_and_the_next_is_found():
    first, second = gzip.compress(b"WARC/1.0 " + bytes(range(256)) * 40), gzip.compress(b"WARC/1.0 b")
    broken = first[:-8] + b"\x00" * 8  # checksum and length
    [gap] = gaps(broken + second)
    assert runs(broken + second) == [b"WARC/1.0 " + bytes(range(256)) * 40, b"WARC/1.0 b"]
    assert (gap.offset, gap.end, gap.inside) == (0, len(first), True)
    assert "incorrect data check" in gap.why


def test_a_member_whose_end_is_cut_off_says_so():
    whole = gzip.compress(b"WARC/1.0 " + bytes(range(256)) * 40)
    [gap] = gaps(whole[:-20])
    assert gap.why == "gzip member: cut off at the end of the file"
    assert gap.inside


def test_a_start_that_a_cut_member_swallows_is_found_by_looking_back():
    stored = gzip.compress(b"WARC/1.0 a" + bytes(5000), compresslevel=0)
    raw = stored[:2000] + gzip.compress(b"WARC/1.0 b")
    assert len(raw) < len(stored), "the decoder must run over the start of the second member"
    assert runs(raw)[-1] == b"WARC/1.0 b"


def test_bytes_between_members_are_a_gap_that_breaks_nothing_else():
    first, second = gzip.compress(b"WARC/1.0 a"), gzip.compress(b"WARC/1.0 b")
    assert runs(first + b"garbage" + second) == [b"WARC/1.0 a", b"WARC/1.0 b"]
    assert gaps(first + b"garbage" + second) == [Gap(len(first), len(first) + 7, "bytes between gzip members", False)]


@given(st.integers(0, 400), st.integers(0, 7), st.integers(1, 500))
@settings(max_examples=100, deadline=None)
def test_what_decodes_before_a_fault_does_not_depend_on_the_size_of_reads(at, bit, piece):
    raw = bytearray(gzip.compress(b"WARC/1.0 " + bytes(range(256)) * 5) + gzip.compress(b"WARC/1.0 b"))
    raw[at % len(raw)] ^= 1 << bit
    whole = list(runs(bytes(raw))) if raw[:3] == b"\x1f\x8b\x08" else None
    if whole is None:
        return
    default, members.PIECE = members.PIECE, piece
    try:
        assert runs(bytes(raw)) == whole
    finally:
        members.PIECE = default


def test_no_piece_is_larger_than_deflate_allows():
    raw = gzip.compress(b"WARC/1.0\r\n" + bytes(50_000_000))
    sizes = [len(event.data) for event in events(io.BytesIO(raw)) if isinstance(event, Data)]
    assert sum(sizes) == 50_000_010
    assert max(sizes) <= members.PIECE * 1032 + members.HEAD


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "this file is empty"),
        (b"filedesc://x 0.0.0.0 1 text/plain 1\n", "ARC is not read"),
        (gzip.compress(b"filedesc://x 0.0.0.0"), "ARC is not read"),
        (b"\x28\xb5\x2f\xfd....", "zstd"),
        (b"\x04\x22\x4d\x18....", "lz4"),
    ],
)
def test_other_formats_are_refused_by_name(raw, sentence):
    with pytest.raises(NotAWarc, match=sentence):
        list(events(io.BytesIO(raw)))


def test_raw_deflate_is_no_member():
    raw = gzip.compress(b"WARC/1.0 a") + zlib.compress(b"WARC/1.0 b")
    assert runs(raw) == [b"WARC/1.0 a"]
    assert len(gaps(raw)) == 1
