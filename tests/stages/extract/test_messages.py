import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract import warc
from stages.extract.messages import http_body, warc_fields
from stages.extract.records import Record, Tally
from stages.extract.scan import scan

ROOT = Path(__file__).resolve().parents[3]


def body(header, payload, bound=1_000_000):
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + header + b"\r\n" + payload
    return http_body(block, len(block), bound)


def named(raw):
    """Every record by its name and address, as the scan and as the reader has it."""
    scanned = scan(io.BytesIO(raw), "x", "d").records.select("doc_id", "url").rows()
    rows = [row for row in warc.read(io.BytesIO(raw), 10_000, Tally()) if isinstance(row, Record)]
    return scanned, [(row.doc_id, row.url) for row in rows]


@pytest.mark.parametrize(
    ("changes"),
    [
        {"url": "https://a.example/docs/Headers/Content-Length"},
        {"url": "https://a.example/?content-length=5"},
        {"name": "<urn:content-length:5>"},
        {"extra": "X-Stated-Length: 5\r\n"},
        {"extra": "x-stated-length : 5\r\nX-Stated-Length: 6\r\n"},
        {"extra": "WARC-Filename: a\r\n content-length: 5\r\n"},
        {"url": "\x0bhttps://a.example/\x0c"},
    ],
)
def test_what_a_warc_header_holds_is_the_scans_whatever_it_says_of_lengths(warcs, changes):
    scanned, read = named(warcs.record(**changes))
    assert read == scanned
    assert len(read) == 1


LINES = st.builds(
    "{}{}: {}\r\n".format,
    st.sampled_from(["Content-Length", "X-Stated-Length", "WARC-Target-URI", "WARC-Record-ID", "X", " content-length"]),
    st.sampled_from(["", " ", "-", "\t"]),
    st.text("aZ09:-<> /\t", max_size=6).map(lambda end: f"Content-Length{end}")
    | st.text("aZ09:-<> /\t\x0b", max_size=9),
)


@given(st.lists(LINES, max_size=4))
@settings(max_examples=300, deadline=None)
def test_scan_and_reader_name_a_record_alike(warcs, lines):
    scanned, read = named(warcs.record(extra="".join(lines)) + warcs.record(name="<urn:2>"))
    assert read == scanned


def test_the_length_of_a_header_is_its_own():
    raw = b"WARC/1.0\r\nX-Stated-Length: 7\r\nContent-Length: 5\r\nWARC-Target-URI: http://a/content-length: 3\r\n\r\n"
    fields, length = warc_fields(raw)
    assert (length, fields[b"warc-target-uri"]) == (5, b"http://a/content-length: 3")


@pytest.mark.parametrize("end", [b"", b"\r\n0\r\n\r\n"])
def test_a_chunked_page_cut_off_is_a_page(end):
    found = body(b"Transfer-Encoding: chunked\r\n", b"5\r\n<p>ab\r\n64\r\ncd" + end)
    assert found.payload == b"<p>abcd"
    assert found.fault is None


def test_headers_that_are_repeated_name_one_coding_after_the_other():
    found = body(
        b"Transfer-Encoding: Chunked ; q=1\r\ncontent-encoding: identity\r\nContent-Encoding: x\r\n", b"1\r\n<\r\n"
    )
    assert (found.payload, found.fault) == (b"<", None)
    found = body(b"Content-Encoding: gzip\r\nContent-Encoding: br\r\n", b"text")
    assert (found.payload, found.fault) == (b"", "a body that is not coded as its header says: gzip, br")


def test_an_empty_page_that_is_coded_is_empty_and_no_fault():
    found = body(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n")
    assert (found.payload, found.fault) == (b"", None)


BOMB = """
import resource, zlib
import brotli, zstandard
from stages.extract.messages import http_body

MB = 1 << 20

def packed(packer, parts, *end):
    return b"".join([packer.compress(part) for part in parts]) + getattr(packer, end[0] if end else "flush")()

class Brotli(brotli.Compressor):
    compress = brotli.Compressor.process

def zipped(parts):
    return packed(zlib.compressobj(1, wbits=31), parts)

ZEROS = [bytes(MB)] * 256
coded = {
    "gzip": lambda: zipped(ZEROS),
    "gzip, gzip, gzip": lambda: zipped([zipped([zipped(ZEROS)])]),
    "deflate": lambda: packed(zlib.compressobj(1), ZEROS),
    "deflate ": lambda: packed(zlib.compressobj(1, wbits=-15), ZEROS),
    "br": lambda: packed(Brotli(quality=1), ZEROS, "finish"),
    "zstd": lambda: packed(zstandard.ZstdCompressor().compressobj(), ZEROS),
}[CODING]()
body = b"%x\\r\\n%s\\r\\n0\\r\\n\\r\\n" % (len(coded), coded) if CHUNKED else coded
head = "HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nContent-Encoding: " + CODING
block = head.encode() + b"\\r\\nTransfer-Encoding: chunked" * CHUNKED + b"\\r\\n\\r\\n" + body
held = int(open("/proc/self/status").read().split("VmSize:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (held + 64 * MB,) * 2)
print(http_body(block, len(block), 3 * MB).oversize)
"""


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip, gzip", "deflate", "deflate ", "br", "zstd"])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_bomb_takes_no_more_memory_than_the_bound_at_any_layer(coding, in_chunks):
    """256 MB in a process that may take 64 more."""
    script = f"CODING, CHUNKED = {coding!r}, {in_chunks}\n{BOMB}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str((3 << 20) + 1), done.stderr[-2000:]
