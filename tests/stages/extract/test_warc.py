import gzip
import io
import random
import zlib
from dataclasses import replace

import brotli
import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract import warc
from stages.extract.members import NotAWarc
from stages.extract.records import Damage, Record, Tally
from stages.extract.scan import scan

BOUND = 10_000_000


def parsed(raw, bound=BOUND):
    tally = Tally()
    return list(warc.read(io.BytesIO(raw), bound, tally)), tally


def one(raw, bound=BOUND):
    [record], _ = parsed(raw, bound)
    assert isinstance(record, Record)
    return record


def explained(rows, tally):
    """The header lines that the account explains, summed from its terms."""
    damages = [row for row in rows if isinstance(row, Damage)]
    sound = len(rows) - len(damages)
    return sound + tally.n_other_types + tally.n_embedded + sum(d.n_headers for d in damages)


PACKINGS = (gzip.compress, zstandard.compress, lz4.frame.compress, bytes)


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("whole", [True, False])
def test_the_compression_changes_offsets_and_nothing_else(warcs, pack, whole):
    records = [*warcs.many(3), warcs.record(name=None), warcs.record(name=None, kind="resource", http=None)]
    expected, _ = parsed(b"".join(records))
    packed = pack(b"".join(records)) if whole else b"".join(map(pack, records))
    rows, _ = parsed(packed)
    assert [replace(row, offset=0) for row in rows] == [replace(row, offset=0) for row in expected]
    assert scan(io.BytesIO(packed), "x", "d").records["doc_id"].to_list() == [row.doc_id for row in expected]


LINE = b"http://a.example/a b 1.2.3.4 20240102030405 text/html %d\n%s\n"


def test_an_arc_record_is_a_capture_by_the_name_it_has_as_a_warc_without_record_id(warcs):
    block = b"HTTP/1.1 203 OK\nContent-Type: text/html; charset=x\n\n<p>x"
    raw = b"filedesc://x.arc 0.0.0.0 20240102030405 text/plain 3\n1 0\n" + LINE % (len(block), block)
    [record], tally = parsed(raw)
    assert (record.type, record.url, record.date) == ("response", "http://a.example/a b", "2024-01-02T03:04:05Z")
    body = record.body
    assert (record.is_http, body.status, body.content_type, body.charset, body.payload) == (
        True, 203, "text/html", "x", b"<p>x"
    )  # fmt: skip
    assert (tally.n_other_types, tally.n_headers) == (1, 2)
    [same] = parsed(warcs.record(block, name=None, http=None, url="http://a.example/a b"))[0]
    assert same.doc_id == record.doc_id


def test_an_arc_record_that_is_no_http_message_is_its_own_payload(warcs):
    raw = b"dns:a.example 1.2.3.4 20240102030405 text/dns 4\na 1\n\nhttp://a/ 1.2.3.4 20240102030405  3\nSSH\n"
    rows, _ = parsed(raw)
    assert [(row.type, row.body.content_type, row.body.payload) for row in rows] == [
        ("resource", "text/dns", b"a 1\n"),
        ("response", None, b"SSH"),
    ]


@pytest.mark.parametrize("damage", ["length", "line", "member"])
def test_damage_in_an_arc_costs_its_record_and_is_counted(damage):
    lines = [LINE.replace(b"a b", b"%d" % n) % (3, b"abc") for n in range(3)]
    if damage == "length":
        lines[1] = lines[1].replace(b" 3\n", b" 2\n")
    if damage == "line":
        lines[1] = lines[1].replace(b"2024010", b"2024x10")
    if damage == "member":
        lines = [gzip.compress(line, mtime=0) for line in lines]
        lines[1] = lines[1][:-6] + bytes(6)
    rows, _ = parsed(b"".join(lines))
    # Without its line a record is bytes behind the one before, whose end is no longer certain.
    assert [type(row) for row in rows] == ([Damage, Record] if damage == "line" else [Record, Damage, Record])
    same_account(b"".join(lines))


def test_a_response_is_read_with_its_http_header(warcs):
    http = 'HTTP/1.1 203 Yes\r\nContent-Type: Text/HTML; charset="UTF-8"\r\n'
    record = one(warcs.record(b"<p>x", http=http))
    assert (record.offset, record.type, record.url) == (0, "response", "http://a.example/1")
    assert (record.date, record.is_http) == ("2024-01-02T03:04:05Z", True)
    body = record.body
    assert (body.status, body.content_type, body.charset, body.payload) == (203, "text/html", "utf-8", b"<p>x")


def test_a_resource_is_its_own_payload(warcs):
    record = one(warcs.record(b"<p>x", kind="resource", http=None))
    assert (record.is_http, record.body.status, record.body.content_type) == (False, None, "text/html")
    assert record.body.payload == b"<p>x"


def test_records_of_other_types_are_counted_only(warcs):
    rows, tally = parsed(warcs.record(kind="warcinfo") + warcs.record(kind="conversion") + warcs.record())
    assert (len(rows), tally.n_other_types, tally.n_headers) == (1, 2, 3)


def deflated(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PAGE = b"<p>hello</p>" * 100
CHUNKED = b"4b0\r\n" + PAGE + b"\r\n0\r\n\r\n"
BODIES = [
    ("Content-Encoding: gzip", gzip.compress(PAGE, mtime=0), PAGE),
    ("Content-Encoding: deflate", zlib.compress(PAGE), PAGE),
    ("Content-Encoding: deflate", deflated(PAGE), PAGE),
    ("Content-Encoding: br", brotli.compress(PAGE), PAGE),
    ("Content-Encoding: zstd", zstandard.compress(PAGE), PAGE),
    ("Content-Encoding: gzip", gzip.compress(PAGE[:600], mtime=0) + gzip.compress(PAGE[600:], mtime=0), PAGE),
    ("Content-Encoding: X-GZip", gzip.compress(PAGE, mtime=0), PAGE),
    ("content-encoding: gzip, br", brotli.compress(gzip.compress(PAGE, mtime=0)), PAGE),
    ("Content-Encoding: UTF-8", PAGE, PAGE),
    ("Transfer-Encoding: chunked", CHUNKED, PAGE),
    ("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", gzip.compress(PAGE, mtime=0), PAGE),
    ("Content-Encoding: gzip", PAGE, PAGE),
    ("Content-Encoding: br", PAGE, PAGE),
    ("Transfer-Encoding: chunked", PAGE, PAGE),
    ("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", CHUNKED, PAGE),
]


@pytest.mark.parametrize(("header", "body", "expected"), BODIES)
def test_codings_are_undone_as_far_as_they_are_there(warcs, header, body, expected):
    found = one(warcs.record(body, http=f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{header}\r\n")).body
    assert (found.payload, found.fault) == (expected, None)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_http_header_whose_lines_end_with_lf_is_read(warcs, end):
    lines = (b"HTTP/1.1 200 OK", b"Content-Type: text/html; charset=x", b"Content-Encoding: x-gzip", b"", b"")
    block = end.join(lines) + gzip.compress(PAGE, mtime=0)
    found = one(warcs.record(block, http=None).replace(b"text/html\r\nContent-L", b"application/http\r\nContent-L"))
    body = found.body
    assert (body.status, body.content_type, body.charset, body.payload) == (200, "text/html", "x", PAGE)


def test_what_an_oversize_page_is_said_to_have_does_not_count_its_header(warcs):
    for http in ("HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 200 OK\nA: b\r\n"):
        assert one(warcs.record(b"x" * 5_000, http=http), bound=4_999).body.oversize == 5_000


def test_a_coding_that_breaks_off_gives_what_decodes(warcs):
    noise = b"<p>" + random.Random(1).randbytes(200_000)
    http = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
    body = one(warcs.record(gzip.compress(noise, mtime=0)[:100_000], http=http)).body
    assert body.payload
    assert noise.startswith(body.payload)


def test_a_body_that_no_reading_decodes_is_a_fault(warcs):
    http = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
    body = one(warcs.record(b"\x1f\x8b\x08\xff\xff\xff broken", http=http)).body
    assert (body.payload, body.fault) == (b"", "a body that is not coded as its header says: gzip")


BOMB = bytes(50_000_000)
BOMBS = {
    "gzip": lambda: gzip.compress(BOMB, mtime=0),
    "deflate": lambda: zlib.compress(BOMB),
    "Deflate": lambda: deflated(BOMB),
    "br": lambda: brotli.compress(BOMB, quality=1),
    "zstd": lambda: zstandard.compress(BOMB),
    "gzip, gzip": lambda: gzip.compress(gzip.compress(BOMB, mtime=0), mtime=0),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_a_bomb_stops_at_the_bound(warcs, coding):
    packed = BOMBS[coding]()
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n"
    body = one(warcs.record(packed, http=http), bound=100_000).body
    assert (body.payload, body.oversize) == (b"", 100_001)


@pytest.mark.parametrize("size", [1_001, 5_000, 1_000_000])
def test_a_page_over_the_bound_is_a_fact_and_the_next_record_is_read(warcs, size):
    rows, tally = parsed(warcs.record(b"x" * size) + warcs.record(name="<urn:2>"), bound=1_000)
    assert [row.body.oversize for row in rows] == [size, None]
    assert rows[0].body.content_type == "text/html"
    assert tally.n_headers == 2


def test_header_lines_inside_a_page_over_the_bound_are_embedded(warcs):
    _, tally = parsed(warcs.record(b"x\nWARC/1.0\n" * 50_000), bound=1_000)
    assert (tally.n_embedded, tally.n_headers) == (50_000, 50_001)


def test_a_page_over_the_bound_with_a_wrong_length_costs_what_it_claims(warcs):
    raw = warcs.record(b"x\nWARC/1.0\n" * 5_000, length=49_000) + warcs.record(name="<urn:2>")
    rows, _ = parsed(raw, bound=100)
    assert [type(row) for row in rows] == [Damage, Record]
    assert rows[0].n_headers == 5_001
    same_account(raw, bound=100)
    assert rows[0].why == "a record that does not end where its Content-Length says"


def test_a_record_cut_off_at_the_end_is_damage_with_one_header(warcs):
    first, second = warcs.many(2)
    rows, _ = parsed(first + second[:-30])
    damage = rows[1]
    assert (damage.offset, damage.end, damage.n_headers) == (len(first), len(first + second) - 30, 1)


@pytest.mark.parametrize("length", [0, 5, 10**6, 10**12])
def test_a_wrong_length_costs_its_own_record(warcs, length):
    rows, _ = parsed(warcs.record(name="<urn:0>") + warcs.record(length=length) + warcs.record(name="<urn:2>"))
    assert [type(row) for row in rows] == [Record, Damage, Record]


def test_garbage_between_records_is_damage_without_a_header(warcs):
    rows, _ = parsed(warcs.record(name="<urn:0>") + b"garbage\n" + warcs.record())
    assert [type(row) for row in rows] == [Damage, Record], "the record before garbage has no certain end"
    rows, _ = parsed(warcs.zipped(warcs.record(name="<urn:0>")) + b"garbage" + warcs.zipped(warcs.record()))
    assert [type(row) for row in rows] == [Record, Damage, Record]
    assert (rows[1].n_headers, rows[1].why) == (0, "bytes between gzip members")


def test_a_member_with_a_wrong_checksum_is_damage_however_readable(warcs):
    members = [warcs.zipped(r) for r in warcs.many(3)]
    broken = members[1][:-6] + bytes([members[1][-6] ^ 1]) + members[1][-5:]
    rows, _ = parsed(members[0] + broken + members[2])
    assert [type(row) for row in rows] == [Record, Damage, Record]
    assert (rows[1].offset, rows[1].end, rows[1].n_headers) == (len(members[0]), len(members[0]) * 2, 1)


def test_neighbouring_damage_is_one_region(warcs):
    rows, _ = parsed(b"WARC/1.0\r\n" * 1000 + warcs.record())
    assert [type(row) for row in rows] == [Damage, Record]
    assert (rows[0].n_headers, rows[0].why) == (1000, "a WARC header that cannot be read")


def test_a_header_cut_off_does_not_take_the_fields_of_the_next(warcs):
    whole = warcs.record(name="<urn:2>")
    rows, _ = parsed(warcs.record()[:60] + b"\r\n" + whole)
    assert [type(row) for row in rows] == [Damage, Record]
    assert rows[1].doc_id == one(whole).doc_id


def test_a_length_beyond_all_memory_is_not_believed(warcs):
    rows, _ = parsed(warcs.zipped(warcs.record(length=10**17)) + warcs.zipped(warcs.record()))
    assert [type(row) for row in rows] == [Damage, Record]


def test_many_headers_that_claim_much_take_linear_time(warcs):
    claim = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9000000\r\n\r\n"
    rows, _ = parsed(claim * 20_000 + b"x" * 9_000_000)
    assert len(rows) >= 1


def test_a_file_without_a_header_is_no_warc():
    with pytest.raises(NotAWarc, match="no WARC header stands in this file"):
        parsed(b"<html>\n" * 1000)


def same_account(raw, bound=BOUND):
    """The reader's account equals the scan's count, and both name the same records."""
    try:
        counted = scan(io.BytesIO(raw), "x", "d")
    except NotAWarc:
        with pytest.raises(NotAWarc):
            parsed(raw, bound)
        return
    rows, tally = parsed(raw, bound)
    assert explained(rows, tally) == tally.n_headers == counted.n_headers
    places = [(row.offset, row.inner) for row in rows if isinstance(row, Damage)]
    assert len(set(places)) == len(places)


@st.composite
def damaged(draw):
    """An archive of a few odd records, plain or compressed by record or as a whole, with bytes changed at random."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    raw = archive(rng)
    for _ in range(draw(st.integers(0, 4))):
        at = rng.randrange(len(raw) or 1)
        new = rng.choice(
            [
                b"\nWARC/1.0\r\n",
                b"\nhttp://x 1.1.1.1 20200101000000 a/b 9\n",
                b"\x1f\x8b\x08",
                b"\n\n\n",
                rng.randbytes(rng.randrange(1, 100)),
            ]
        )
        cut = rng.choice([0, 1, rng.randrange(300), len(raw)])
        raw = raw[:at] + (new if rng.random() < 0.6 else b"") + raw[at + cut :]
    return raw


def archive(rng):
    inner = b"a\nWARC/1.0\r\nWARC-Type: response\r\nContent-Length: 5\r\n\r\nabcde\r\n\r\n"
    line = b"a\nhttp://in.example/ 1.1.1.1 20200101000000 text/html 5\nabcde\n"
    bodies = [
        b"<p>hello</p>" * 40,
        inner,
        line,
        rng.randbytes(2000),
        b"x\nWARC/1.1" * 3,
        b"\r\n\n",
        gzip.compress(inner, mtime=0),
    ]
    one = arc_record if rng.random() < 0.3 else warc_record
    records = [one(rng, number, rng.choice(bodies)) for number in range(rng.randrange(1, 7))]
    pack = rng.choice([gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress, lz4.frame.compress, None])
    if pack is None:
        return b"".join(records)
    return b"".join(map(pack, records)) if rng.random() < 0.6 else pack(b"".join(records))


def warc_record(rng, number, body):
    kind = rng.choice([b"response", b"request", b"resource", b"revisit"])
    names = b"WARC-Record-ID: <urn:%d>\r\n" % number if rng.random() < 0.8 else b""
    return b"WARC/1.0\r\nWARC-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s\r\n\r\n" % (kind, names, len(body), body)


def arc_record(rng, number, body):
    url = (
        b"filedesc://x.arc"
        if not number
        else rng.choice([b"http://a.example/%d a b", b"dns:%d", b"https://b/%d"]) % number
    )
    more = rng.choice([b"", b" 200 - - 0 x.arc"])
    return b"%s 1.2.3.4 20200102030405 text/html%s %d\n%s\n" % (url, more, len(body), body)


@given(damaged(), st.sampled_from([10, 500, BOUND]))
@settings(max_examples=100, deadline=None)
def test_the_account_is_exact_whatever_the_damage(raw, bound):
    same_account(raw, bound)


def test_the_account_is_exact_where_small_pages_are_over_the_bound(monkeypatch):
    monkeypatch.setattr(warc, "HEADER_MAX", 300)  # so that blocks of a few hundred bytes are passed by
    for seed in range(300):
        rng = random.Random(seed)
        same_account(archive(rng), bound=rng.choice([1, 100]))


def test_the_account_is_exact_on_real_archives(real_archive):
    raw = real_archive.read_bytes()
    rows, tally = parsed(raw)
    counted = scan(io.BytesIO(raw), real_archive.name, "d")
    assert explained(rows, tally) == tally.n_headers == counted.n_headers
    ids = [row.doc_id for row in rows if isinstance(row, Record)]
    assert ids == counted.records["doc_id"].drop_nulls().to_list()
