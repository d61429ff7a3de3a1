"""The decompressed stream of an archive file: the bytes that both the scan and the WARC reader look at.

It undoes gzip and nothing else: it knows no record. What it yields tiles the file as stored, in order.

- A *run* is a stretch of decompressed bytes without a break. A new one begins where a gzip member starts with a WARC
  version line, so that a wrong Content-Length never reaches beyond its member; and after every gap.
- A member that does not decompress to its end and checksum gives the bytes that decode before the fault, then a Gap.
  These bytes are the same whatever the size of the reads: after a fault the last piece is fed byte by byte.
- After a fault the next member is the next gzip magic that decompresses to a WARC version line. The search looks back
  at most LOOKBACK bytes from the fault: a damaged member may be decoded beyond its end.
"""

import re
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

PIECE = 16 * 1024  # at deflate's ratio of 1032 at most 17 MB decompressed at once
LOOKBACK = 1 << 20
BLANKS_MAX = 4096  # line ends between a record and the next; the standard says four
VERSION = re.compile(rb"WARC/(?:1\.[01]|0\.1[78])")
HEAD = 9  # bytes of a version line that must be seen to know it
_MAGIC = b"\x1f\x8b\x08"
_OTHERS = {
    b"filedesc://": "this is an ARC file; ARC is not read, convert it to WARC first",
    b"\x28\xb5\x2f\xfd": "this file is compressed with zstd; recompress it with gzip, one member per record",
    b"\x5d\x2a\x4d\x18": "this file is compressed with zstd and a dictionary; recompress it with gzip",
    b"\x04\x22\x4d\x18": "this file is compressed with lz4; recompress it with gzip, one member per record",
}


class NotAWarc(ValueError):
    """The file is no WARC: no WARC header stands in it, or it has another format. The message says which."""


@dataclass(frozen=True)
class Data:
    """Decompressed bytes. `offset`: where their gzip member is stored, or where nothing is compressed, the bytes."""

    offset: int
    data: bytes
    opens: bool  # begins a run
    plain: bool = False  # nothing is compressed: byte i of data is stored at offset + i


@dataclass(frozen=True)
class Gap:
    """Stored bytes [offset, end) that do not decompress. `inside`: the run before it is cut off in its last member."""

    offset: int
    end: int
    why: str
    inside: bool


Event = Data | Gap


def events(stream: BinaryIO) -> Iterator[Event]:
    """The runs and gaps of a seekable binary stream. Raises NotAWarc for other formats, known by their first bytes."""
    size = stream.seek(0, 2)
    head = _read(stream, 0, LOOKBACK)
    if not head:
        raise NotAWarc("this file is empty: it has no WARC header")
    _refuse_others(head)
    start = 0 if head.startswith(_MAGIC) else _next_member(stream, 0, min(size, LOOKBACK))
    if start is None or _starts_record(head):
        yield from _plain(stream)
        return
    if start:
        yield Gap(0, start, "no gzip member", inside=False)
    yield from _gzip(stream, start, size)


def _read(stream: BinaryIO, at: int, count: int) -> bytes:
    stream.seek(at)
    return stream.read(count)


def _refuse_others(head: bytes) -> None:
    plain = _first_bytes(head, 16) or head
    for magic, sentence in _OTHERS.items():
        if plain.startswith(magic):
            raise NotAWarc(sentence)


def _starts_record(data: bytes) -> bool:
    return VERSION.match(data) is not None


def _plain(stream: BinaryIO) -> Iterator[Data]:
    at = 0
    while data := _read(stream, at, 8 * PIECE):
        yield Data(at, data, opens=at == 0, plain=True)
        at += len(data)


def _gzip(stream: BinaryIO, at: int, size: int) -> Iterator[Event]:
    broken = True  # nothing to continue yet
    while at < size:
        if _read(stream, at, len(_MAGIC)) != _MAGIC:
            end = _next_member(stream, at, size) or size
            yield Gap(at, end, "bytes between gzip members", inside=False)
            broken, at = True, end
            continue
        stop, fault, delivered = yield from _member(stream, at, broken)
        if fault:
            end = _next_member(stream, max(at + 1, stop - LOOKBACK), size) or size
            yield Gap(at, end, fault, inside=delivered)
            stop = end
        broken, at = bool(fault), stop


def _member(stream: BinaryIO, at: int, opens: bool) -> Generator[Data, None, tuple[int, str, bool]]:
    """Yield one member's bytes; return (where it or its fault ends, the fault or "", whether it gave bytes)."""
    held, begun = b"", False
    for stop, data, fault in _inflate(stream, at):
        held += data
        ready = begun or len(held) >= HEAD or fault is not None  # enough to see whether it begins with a record
        if held and ready:
            yield Data(at, held, opens=not begun and (opens or _starts_record(held)))
            held, begun = b"", True
        if fault is not None:
            return stop, fault, begun
    raise AssertionError("unreachable: the last piece of a member names its fault or has none")


def _inflate(stream: BinaryIO, at: int) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield (stored offset reached, decompressed piece, fault) of the member at `at`.

    The fault is None but for the last piece, where it is "" for a member that ended well.
    """
    member = zlib.decompressobj(31)
    while raw := _read(stream, at, PIECE):
        before = member.copy()
        try:
            data = member.decompress(raw)
        except zlib.error as error:
            data, used = _salvage(before, raw)
            yield at + used, data, f"gzip member: {_short(error)}"
            return
        at += len(raw) - len(member.unused_data)
        yield at, data, "" if member.eof else None
        if member.eof:
            return
    yield at, b"", "gzip member: cut off at the end of the file"


def _salvage(member: "zlib._Decompress", raw: bytes) -> tuple[bytes, int]:
    """What decodes before the byte that faults, and that byte's index: the same whatever the reads before were."""
    out = []
    for used in range(len(raw)):
        try:
            out.append(member.decompress(raw[used : used + 1]))
        except zlib.error:
            return b"".join(out), used
    return b"".join(out), len(raw)


def _short(error: zlib.error) -> str:
    return str(error).rpartition(": ")[2][:80]


def _next_member(stream: BinaryIO, at: int, size: int) -> int | None:
    """The next offset in [at, size) whose gzip member decompresses to a WARC version line."""
    while at < size:
        block = _read(stream, at, LOOKBACK + len(_MAGIC) - 1)
        found = block.find(_MAGIC)
        while found >= 0:
            if at + found < size and _starts_record(_first_bytes(_read(stream, at + found, 4096), HEAD)):
                return at + found
            found = block.find(_MAGIC, found + 1)
        at += LOOKBACK
    return None


def _first_bytes(raw: bytes, count: int) -> bytes:
    """The first `count` decompressed bytes of the member that `raw` begins with, b"" where it is none."""
    try:
        return zlib.decompressobj(31).decompress(raw[:4096], count)
    except zlib.error:
        return b""
