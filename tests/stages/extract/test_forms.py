"""Header lines of WARC and ARC: two readers that share no code see the same ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.extract.arc_lines import arc_fields
from stages.extract.forms import ARC, WARC, form_at

V1 = b"http://a.example/x 1.2.3.4 20240102030405 text/html 12\n"
V2 = b"http://a.example/x 1.2.3.4 20240102030405 text/html 200 - - 0 x.arc 12\n"
YES = [
    V1,
    V2,
    V1.replace(b"\n", b"\r\n"),
    V1.replace(b"/x", b"/x y  z"),
    V1.replace(b"text/html", b""),
    V1.replace(b"1.2.3.4", b"2001:db8::1"),
    V1.replace(b"http", b"filedesc"),
    V1.replace(b"http://a.example/x", b"dns:a"),
    V1.replace(b"/x", b"/" + b"x" * 6900),
    V2.replace(b"/x ", b"/x 1.2.3.4 20240102030405 a/b 3 "),
]
NO = [
    V1[:-1],
    b" " + V1,
    V1.replace(b"http:", b"http"),
    V1.replace(b"http:", b"ht tp:"),
    V1.replace(b"http:", b"1http:"),
    V1.replace(b"20240102030405", b"2024010203040"),
    V1.replace(b"20240102030405", b"202401020304x5"),
    V1.replace(b"1.2.3.4", b"a.example"),
    V1.replace(b" 12", b" "),
    V1.replace(b" 12", b" 1x2"),
    V1.replace(b" 12", b" " + b"1" * 19),
    V1.replace(b" 12\n", b" 12 \n"),
    V1.replace(b"/x", b"/" + b"x" * 7001),
    V1.replace(b"text/html", b"t" * 101),
    V2.replace(b" - -", b" -"),
    b"",
    b"WARC/1.0\r\n",
]


@pytest.mark.parametrize("line", YES)
def test_what_is_an_arc_line(line):
    assert ARC.starts(line)
    assert arc_fields(b"x\n" + line, 2) is not None
    assert len(line) <= ARC.ahead
    found, fields = ARC.line.match(line), arc_fields(line, 0)
    assert found["url"] == fields[b"warc-target-uri"]
    assert found["type"] == fields[b"content-type"]
    assert (found["length"], found["date"]) == (b"12", b"20240102030405")
    assert fields[b"content-length"] == b"12"
    assert fields[b"warc-date"] == b"2024-01-02T03:04:05Z"


@pytest.mark.parametrize("line", NO)
def test_what_is_none(line):
    assert not ARC.starts(line)
    assert arc_fields(line, 0) is None


PARTS = st.sampled_from([b"http:", b" ", b"  ", b"1.2.3.4", b"20240102030405", b"a/b", b"3", b"-", b"\r", b"x", b"a:b"])


@given(st.lists(PARTS, max_size=25))
@settings(max_examples=400, deadline=None)
def test_both_see_the_same_lines(parts):
    line = b"".join(parts) + b"\n"
    found, fields = ARC.line.match(line), arc_fields(line, 0)
    assert (found is None) == (fields is None)
    if found and fields:
        assert (found["url"], found["length"]) == (fields[b"warc-target-uri"], fields[b"content-length"])


@pytest.mark.parametrize(("version", "known"), [(b"1.0", 1), (b"1.1", 1), (b"0.17", 1), (b"0.18", 1), (b"1.2", 0)])
def test_versions_of_warc(version, known):
    assert WARC.starts(b"WARC/" + version) == bool(known)
    assert (form_at(b"WARC/" + version) is WARC) == bool(known)


def test_searching_finds_line_ends_before_header_lines():
    data = b"WARC/1.0\nWARC/9.9\nx WARC/1.0\nWARC/1.1\n"
    at = data.index(b"\nWARC/1.1")
    assert WARC.after(data, 0, len(data)) == at
    assert WARC.after(data, 0, at) == -1
    assert WARC.after(data, at + 1, len(data)) == -1
    arc = b"text\n" + V1 + V1
    assert ARC.after(arc, 0, len(arc)) == 4
    assert ARC.after(arc, 5, len(arc)) == 4 + len(V1)
