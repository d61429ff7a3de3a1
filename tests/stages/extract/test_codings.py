import gzip
import random
import zlib

import brotli
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.extract.codings import LAYERS_MAX, undone

BOUND = 1_000_000
WORDS = b"the river rose slowly that spring and nobody in village spoke of it".split()
PAGE = b"<html><p>" + b" ".join(random.Random(1).choices(WORDS, k=30_000)) + b"</p>"


def zipped(data):
    return gzip.compress(data, mtime=0)


def deflated(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def chunked(data, size=3000, line=b"%x\r\n", end=b"\r\n", last=b"0\r\n\r\n"):
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(line % len(part) + part + end for part in parts) + last


PACKERS = [
    (["gzip"], zipped),
    (["x-gzip"], zipped),
    (["deflate"], zlib.compress),
    (["deflate"], deflated),
    (["br"], brotli.compress),
    (["zstd"], zstandard.compress),
    (["chunked"], chunked),
    (["gzip", "chunked"], lambda data: chunked(zipped(data), 100)),
    (["br", "chunked"], lambda data: chunked(brotli.compress(data), 100)),
    (["deflate", "chunked"], lambda data: chunked(deflated(data), 100)),
    (["zstd", "gzip"], lambda data: zipped(zstandard.compress(data))),
]
NAMES = [f"{n}-{'-'.join(codings)}" for n, (codings, _) in enumerate(PACKERS)]
MARKED = [pack for pack in PACKERS if pack[0][0] in ("gzip", "zstd")]


@pytest.mark.parametrize(("codings", "pack"), PACKERS, ids=NAMES)
@pytest.mark.parametrize("page", [PAGE, b"", b"no markup"])
def test_what_was_coded_comes_back(codings, pack, page):
    assert undone(pack(page), codings, BOUND) == page


@pytest.mark.parametrize(("codings", "pack"), PACKERS, ids=NAMES)
def test_a_body_cut_off_gives_what_decodes(codings, pack):
    packed = pack(PAGE)
    found = undone(packed[: len(packed) * 9 // 10], codings, BOUND)
    assert PAGE.startswith(found)
    assert len(found) > len(PAGE) // 4 or "zstd" in codings  # zstd, and brotli in part, decode in blocks


@given(st.sampled_from(PACKERS), st.integers(0, 4000))
@settings(max_examples=200, deadline=None)
def test_wherever_a_body_is_cut_nothing_but_its_beginning_comes_out(packer, cut):
    codings, pack = packer
    page = PAGE[:20_000]
    packed = pack(page)
    found = undone(packed[: 8 + cut % len(packed)], codings, BOUND)  # of 8 bytes it is known what they are
    assert found is None or page.startswith(found)


@pytest.mark.parametrize(("codings", "pack"), PACKERS, ids=NAMES)
def test_bytes_behind_the_end_are_no_matter(codings, pack):
    assert undone(pack(PAGE) + b"\0\0\0garbage", codings, BOUND) == PAGE


@pytest.mark.parametrize("wrong", [zipped(PAGE)[:-8] + bytes(8), zlib.compress(PAGE)[:-4] + bytes(4)])
def test_a_wrong_checksum_costs_no_byte(wrong):
    assert undone(wrong, ["deflate" if wrong[:1] == b"x" else "gzip"], BOUND) == PAGE


def test_what_comes_before_a_damaged_place_counts_to_the_last_byte():
    packed = zipped(PAGE)
    at = len(packed) * 3 // 4
    found = undone(packed[:at] + b"\xff" * 40 + packed[at + 40 :], ["gzip"], BOUND)
    sound = zlib.decompressobj(31).decompress(packed[:at])
    assert len(sound) > 20_000
    assert found.startswith(sound)


def test_a_damaged_member_costs_itself_and_what_follows():
    members = [zipped(PAGE[at : at + 1000]) for at in (0, 1000, 2000)]
    members[1] = members[1][:20] + b"\xff" * 100
    found = undone(b"".join(members), ["gzip"], BOUND)
    assert found.startswith(PAGE[:1000])
    assert len(found) < 2000


def test_several_units_are_one_body():
    assert undone(zipped(PAGE[:500]) + zipped(PAGE[500:]), ["gzip"], BOUND) == PAGE
    skip = b"\x5d\x2a\x4d\x18\x03\0\0\0abc"
    frames = zstandard.compress(PAGE[:500]) + skip + zstandard.compress(PAGE[500:])
    assert undone(skip + frames, ["zstd"], BOUND) == PAGE


CHUNKINGS = {
    "extension": chunked(PAGE, line=b'%x;name="a b"\r\n'),
    "line feeds": chunked(PAGE, line=b"%x\n", end=b"\n", last=b"0\n\n"),
    "zeros": chunked(PAGE, line=b"000000%x\r\n", last=b"000000\r\n\r\n"),
    "blanks": chunked(PAGE, line=b"%x   \r\n"),
    "capitals": chunked(PAGE, line=b"%X\r\n"),
    "trailers": chunked(PAGE, last=b"0\r\nX-T: a\r\n\r\n"),
    "no last chunk": chunked(PAGE, last=b""),
    "no end of the last": chunked(PAGE, last=b"0"),
    "one": chunked(PAGE, 10**6),
}


@pytest.mark.parametrize("how", CHUNKINGS)
def test_chunks_however_they_are_written(how):
    assert undone(CHUNKINGS[how], ["chunked"], BOUND) == PAGE


LETTERS = b"<p>" + b"zyxw vut" * 2000  # of which no size can be written
ENDS = st.sampled_from([b"\r\n", b"\n"])


def sizes_in(data):
    return set(data) & set(b"0123456789abcdef")


@given(st.integers(1, 3000), ENDS, st.integers(0, 20_000))
@settings(max_examples=200, deadline=None)
def test_wherever_a_chunked_body_is_cut_no_size_reaches_the_text(size, end, cut):
    body = chunked(LETTERS, size, line=b"%x" + end, end=end)
    start = body.index(b"\n") + 1
    found = undone(body[: start + cut], ["chunked"], BOUND)
    assert LETTERS.startswith(found)
    assert len(found) >= min(size, cut)


@given(st.integers(50, 3000), st.integers(1, 5), ENDS, st.data())
@settings(max_examples=200, deadline=None)
def test_no_size_reaches_the_text_where_a_chunk_has_lost_bytes(size, count, end, data):
    parts = [LETTERS[at : at + size] for at in range(0, size * count, size)]
    one = data.draw(st.integers(0, count - 1), "chunk")
    at = data.draw(st.integers(0, size - 1), "at")
    gone = data.draw(st.integers(1, 40), "bytes gone")
    lines = [b"%x" % size + end] * count
    parts[one] = parts[one][: max(at, 3)] + parts[one][max(at, 3) + gone :]
    body = b"".join(line + part + end for line, part in zip(lines, parts)) + b"0" + end + end
    found = undone(body, ["chunked"], BOUND)
    assert not sizes_in(found)
    assert found.startswith(LETTERS[: size * one + at])


@pytest.mark.parametrize("line", [b"zz\r\n", b"\r\n", b"-5\r\n", b"1 2\r\n"])
def test_a_line_that_states_no_size_ends_the_chunks(line):
    assert undone(chunked(PAGE[:6000], last=b"") + line + PAGE, ["chunked"], BOUND) == PAGE[:6000]


@pytest.mark.parametrize(
    "stored", [PAGE, b"", b"\r\n", b".highlight {}", b"7 days\r\n", b"1\n00:00:01 --> 00:00:02\nYes\n"]
)
def test_a_body_that_is_not_chunked_is_left_as_it_is(stored):
    assert undone(stored, ["chunked"], BOUND) == stored


@given(st.text(max_size=300), st.lists(st.sampled_from(["gzip", "deflate", "br", "zstd", "chunked"]), max_size=4))
@settings(max_examples=200, deadline=None)
@example("\n\n", ["br"])
def test_markup_of_which_the_coding_was_undone_before_is_left_as_it_is(text, codings):
    page = b"<p>" + text.encode()
    assert undone(page, codings, BOUND) == page


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b'{"a": 1}', b"hello world, this is no page", b"\x1f\x8b\x08\xff\xff broken", b"  a"])
def test_what_is_neither_coded_nor_markup_is_refused(coding, body):
    assert undone(body, [coding], BOUND) is None


def test_codings_that_are_unknown_or_named_twice_say_nothing():
    assert undone(PAGE, ["identity", "utf-8", ""], BOUND) == PAGE
    assert undone(zipped(PAGE), ["utf-8", "gzip", "gzip"], BOUND) == PAGE
    assert undone(b"x", ["compress"], BOUND) == b"x"


@pytest.mark.parametrize("coding", ["brotli", "compress", "gzip/deflate"])
@pytest.mark.parametrize("pack", [brotli.compress, zlib.compress])
def test_bytes_under_an_unknown_name_are_no_page(coding, pack):
    assert undone(pack(PAGE), [coding], BOUND) is None
    wide = "\ufeffwarning, then a page".encode("utf-16-le")
    assert [undone(one, [coding], BOUND) for one in (PAGE, b"warning", wide)] == [PAGE, b"warning", wide]


@pytest.mark.parametrize("first", [b"1\n", b"0\n\n", b"0\r\n"])
def test_a_page_that_begins_with_a_number_is_not_chunked(first):
    assert undone(first + PAGE, ["chunked"], BOUND) == first + PAGE


@pytest.mark.parametrize(
    ("coding", "coded"),
    [("deflate", lambda d: zlib.compress(d)[:-4]), ("deflate", lambda d: deflated(d) + b"\r\n"),
     ("br", lambda d: brotli.compress(d) + b"\r\n")],
    ids=["cut", "deflate", "br"],
)  # fmt: skip
def test_what_is_no_markup_counts_where_a_stream_is_only_cut_or_followed_by_a_line_end(coding, coded):
    page = PAGE.decode().encode("utf-16")
    assert undone(coded(page), [coding], BOUND) == page


def test_a_coding_that_was_applied_once_may_be_stated_twice():
    page = b"Warning: x\n" + PAGE
    assert undone(zipped(page), ["gzip", "gzip"], BOUND) == page
    assert undone(page, ["gzip", "gzip"], BOUND) is None


def test_no_more_layers_are_tried_than_a_page_may_cost():
    body = PAGE
    for _ in range(LAYERS_MAX):
        body = zipped(body)
    assert undone(body, ["gzip"] * LAYERS_MAX, BOUND) == PAGE
    assert undone(zipped(body), ["gzip"] * (LAYERS_MAX + 1), BOUND) is None


@pytest.mark.parametrize(("codings", "pack"), PACKERS, ids=NAMES)
def test_a_layer_over_the_bound_ends_there(codings, pack):
    for size in (1000, 1001, 200_000):
        found = undone(pack(bytes(size)), codings, 1000)
        assert len(found) == min(size, 1001)
    assert len(undone(zipped(b"\0" * 5000), ["br", "gzip"], 1000)) == 1001, "whatever is in it"
