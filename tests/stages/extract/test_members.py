import gzip
import io
import random
import zlib

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract import frames, members
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


def skip(content, number):
    """A skippable frame of zstd and lz4."""
    return bytes([0x50 | number]) + b"\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content


def test_plain_bytes_are_one_run():
    assert runs(b"WARC/1.0\r\n" + b"x" * 300_000) == [b"WARC/1.0\r\n" + b"x" * 300_000]


def test_a_member_with_a_version_line_opens_a_run_and_others_continue_it():
    raw = (
        gzip.compress(b"WARC/1.0 a", mtime=0) + gzip.compress(b"more", mtime=0) + gzip.compress(b"WARC/1.1 b", mtime=0)
    )
    assert runs(raw) == [b"WARC/1.0 amore", b"WARC/1.1 b"]
    assert gaps(raw) == []


def test_a_broken_member_gives_what_decodes_and_the_next_is_found():
    first, second = gzip.compress(b"WARC/1.0 " + bytes(range(256)) * 40, mtime=0), gzip.compress(b"WARC/1.0 b", mtime=0)
    broken = first[:-8] + b"\x00" * 8  # checksum and length
    [gap] = gaps(broken + second)
    assert runs(broken + second) == [b"WARC/1.0 " + bytes(range(256)) * 40, b"WARC/1.0 b"]
    assert (gap.offset, gap.end, gap.inside) == (0, len(first), True)
    assert "incorrect data check" in gap.why


def test_a_member_whose_end_is_cut_off_says_so():
    whole = gzip.compress(b"WARC/1.0 " + bytes(range(256)) * 40, mtime=0)
    [gap] = gaps(whole[:-20])
    assert gap.why == "gzip member: cut off at the end of the file"
    assert gap.inside


def test_a_start_that_a_cut_member_swallows_is_found_by_looking_back():
    stored = gzip.compress(b"WARC/1.0 a" + bytes(5000), compresslevel=0, mtime=0)
    raw = stored[:2000] + gzip.compress(b"WARC/1.0 b", mtime=0)
    assert len(raw) < len(stored), "the decoder must run over the start of the second member"
    assert runs(raw)[-1] == b"WARC/1.0 b"


def test_bytes_between_members_are_a_gap_that_breaks_nothing_else():
    first, second = gzip.compress(b"WARC/1.0 a", mtime=0), gzip.compress(b"WARC/1.0 b", mtime=0)
    assert runs(first + b"garbage" + second) == [b"WARC/1.0 a", b"WARC/1.0 b"]
    assert gaps(first + b"garbage" + second) == [Gap(len(first), len(first) + 7, "bytes between gzip members", False)]


@given(st.integers(0, 400), st.integers(0, 7), st.integers(1, 500))
@settings(max_examples=100, deadline=None)
def test_what_decodes_before_a_fault_does_not_depend_on_the_size_of_reads(at, bit, piece):
    raw = bytearray(
        gzip.compress(b"WARC/1.0 " + bytes(range(256)) * 5, mtime=0) + gzip.compress(b"WARC/1.0 b", mtime=0)
    )
    raw[at % len(raw)] ^= 1 << bit
    whole = list(runs(bytes(raw))) if raw[:3] == b"\x1f\x8b\x08" else None
    if whole is None:
        return
    default, frames.PIECE = frames.PIECE, piece
    try:
        assert runs(bytes(raw)) == whole
    finally:
        frames.PIECE = default


def test_no_piece_is_larger_than_deflate_allows():
    raw = gzip.compress(b"WARC/1.0\r\n" + bytes(50_000_000), mtime=0)
    sizes = [len(event.data) for event in events(io.BytesIO(raw)) if isinstance(event, Data)]
    assert sum(sizes) == 50_000_010
    assert max(sizes) <= frames.PIECE * 1032 + 9


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "this file is empty"),
        (b"BZh91AY", "compressed with bzip2; recompress it with gzip or zstd"),
        (b"\xfd7zXZ\x00\x00", "compressed with xz"),
        (b"\x02\x21\x4c\x18....", "lz4 in its legacy format"),
        (skip(b"no dictionary", 0xD) + zstandard.compress(b"WARC/1.0"), None),
        (
            skip(b"\x28\xb5\x2f\xfdxxxx", 0xD) + zstandard.compress(b"WARC/1.0"),
            "begins with a zstd dictionary that cannot be read",
        ),
    ],
)
def test_other_formats_are_refused_by_name(raw, sentence):
    if sentence is None:  # zstd takes any bytes for a dictionary of content alone
        assert runs(raw) == [b"WARC/1.0"]
        return
    with pytest.raises(NotAWarc, match=sentence):
        list(events(io.BytesIO(raw)))


PACKERS = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "zstd of unknown size": lambda data: streamed(data),
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True, block_size=lz4.frame.BLOCKSIZE_MAX64KB),
    "lz4 with checksums": lambda data: lz4.frame.compress(data, block_checksum=True, store_size=False),
}
NOISE = random.Random(7).randbytes(300_000)
A, B, C = (b"WARC/1.0 " + bytes([letter]) + NOISE for letter in b"abc")


def packed(packing, *texts):
    return b"".join(map(PACKERS[packing], texts))


def streamed(text):
    stream = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return stream.compress(text) + stream.flush()


@pytest.mark.parametrize("packing", PACKERS)
def test_every_compression_gives_the_same_runs(packing):
    assert runs(packed(packing, A, B, b"more", C)) == [A, B + b"more", C]
    assert gaps(packed(packing, A, B, b"more", C)) == []
    assert runs(packed(packing, A + B)) == [A + B]


@pytest.mark.parametrize("packing", PACKERS)
def test_a_fault_costs_its_unit_and_the_next_one_is_found(packing):
    first, second, third = (packed(packing, text) for text in (A, B, C))
    for at in (1, 200_000, 290_000):
        broken = second[:at] + b"\xff\xff\xff\xff\xff" + second[at + 5 :]
        [gap] = gaps(first + broken + third)
        assert gap.offset == len(first)
        assert gap.end == len(first) + len(second)
        found = runs(first + broken + third)
        assert (found[0], found[-1]) == (A, C)
        assert all(B[:9] == part[:9] for part in found[1:-1]), "what a broken unit gives is its own beginning"


@pytest.mark.parametrize("packing", ["zstd", "lz4"])
def test_a_wrong_checksum_at_the_end_is_a_fault_however_readable(packing):
    whole = packed(packing, A)
    broken = whole[:-4] + bytes(4)
    [gap] = gaps(broken)
    assert runs(broken) == [A]
    assert gap.inside
    assert gap.why.startswith(f"{packing} frame: ")


@pytest.mark.parametrize("packing", PACKERS)
def test_a_unit_cut_off_says_so(packing):
    [gap] = gaps(packed(packing, A)[:-20])
    assert gap.why.endswith("cut off at the end of the file")


def test_skippable_frames_are_stepped_over():
    raw = skip(b"x" * 100, 0) + packed("zstd", A) + skip(b"", 5) + packed("zstd", B)
    assert runs(raw) == [A, B]
    assert gaps(raw) == []
    assert gaps(packed("zstd", A) + skip(b"x" * 100, 0)[:50])[0].why == "bytes between zstd frames"


def test_a_dictionary_at_the_beginning_serves_all_frames():
    texts = [b"WARC/1.0 " + b"common words of many pages " * 20 + b"%d" % i for i in range(200)]
    trained = zstandard.train_dictionary(2000, texts)
    pack = zstandard.ZstdCompressor(dict_data=trained, write_checksum=True).compress
    for stored in (trained.as_bytes(), zstandard.compress(trained.as_bytes())):
        raw = skip(stored, 0xD) + b"".join(map(pack, texts[:3]))
        assert runs(raw) == texts[:3]
        assert gaps(raw) == []
    assert len(gaps(b"".join(map(pack, texts[:3])))) == 1, "without its dictionary nothing can be read"


def test_what_is_decompressed_at_once_is_bounded_for_bombs_of_zstd_and_lz4():
    bomb = b"WARC/1.0\r\n" + bytes(100_000_000)
    for packing, most in (("zstd", 128 * 1024), ("lz4", 256 * 1024)):
        sizes = [len(event.data) for event in events(io.BytesIO(packed(packing, bomb))) if isinstance(event, Data)]
        assert sum(sizes) == len(bomb)
        assert max(sizes) <= most


def test_a_frame_that_claims_much_memory_is_a_fault():
    huge = zstandard.ZstdCompressionParameters(window_log=28)
    stream = zstandard.ZstdCompressor(compression_params=huge).compressobj()
    raw = stream.compress(b"WARC/1.0 a") + stream.flush()
    assert "too much memory" in gaps(raw)[0].why


def test_a_damaged_start_is_a_gap_whatever_the_compression():
    for packing in PACKERS:
        raw = b"\x00\x01garbage" + packed(packing, A, B)
        assert runs(raw) == [A, B]
        assert gaps(raw)[0].end == 9


def test_raw_deflate_is_no_member():
    raw = gzip.compress(b"WARC/1.0 a", mtime=0) + zlib.compress(b"WARC/1.0 b")
    assert runs(raw) == [b"WARC/1.0 a"]
    assert len(gaps(raw)) == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"WARC/1.0\r\n", ""),
        (b"filedesc://x 0.0.0.0 1", ""),
        (b"garbage\nWARC/1.0\r\n", ""),
        (gzip.compress(b"WARC/1.0", mtime=0), ""),
        (gzip.compress(A, mtime=0)[:5000], ""),
        (b"\x1f\x8b\x08" + bytes([255]) * 50 + gzip.compress(A, mtime=0), ""),
        (b"\x28\xb5\x2f\xfd" + bytes([255]) * 3_000_000 + zstandard.compress(A), ""),
        (bytes(3_000_000) + b"\nWARC/1.0\r\n", ""),
        (b"\x1f\x8b\x08" + bytes([255]) * 50, "holds no WARC or ARC header that can be read"),
        (zstandard.compress(b"WARC/1.0"), ""),
        (lz4.frame.compress(b"http://a/ 1.1.1.1 20240102030405 text/html 5\n"), ""),
        (b"", "is empty: it has no WARC header"),
        (b"<html>", "holds no WARC or ARC header that can be read"),
        (gzip.compress(b"<html>", mtime=0), "holds no WARC or ARC header that can be read"),
        (zstandard.compress(b"<html>"), "holds no WARC or ARC header that can be read"),
        (lz4.frame.compress(b"<html>"), "holds no WARC or ARC header that can be read"),
    ],
)
def test_a_file_is_refused_for_what_it_is_and_not_for_damage(raw, said):
    assert members.refusal(io.BytesIO(raw)) == said
