"""Codings of an HTTP body undone: chunked, gzip, deflate, br and zstd (RFC 9110, 8.4; RFC 9112, 7; RFC 9659).

Knows no header and no archive. What decodes before a fault counts, as in a browser, to the last byte that the input
up to the fault determines. No layer gives more than it is asked for: memory does not grow with what a body holds
or claims (but for the window of a zstd frame, see frames).
"""

import io
import re
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import brotli

from stages.extract.frames import GZIP_MAGIC, skippable, zstd

LAYERS_MAX = 6  # each may cost the time of a page at the bound
_PIECE = 16 * 1024  # what is fed anew, byte by byte, where a fault lies in it
_SURE = 512  # bytes that chance does not get out of what is no stream of a coding, without a fault
_SIZE = re.compile(rb"[ \t]{0,32}0{0,32}([0-9a-fA-F]{1,15})[ \t]{0,32}(?:;[^\n]{0,4096})?\r?\n")  # with an extension
_LINE_END = re.compile(rb"\r?(?:\n|\Z)")
_FRAMING = re.compile(rb"\r?\n[0-9a-fA-F]{1,15}[ \t]{0,32}\r?\n")
_FRAMING_CUT = re.compile(rb"\r?\n[0-9a-fA-F]{1,15}[ \t]{0,32}\r?\Z")
_LAST = re.compile(rb"\r?\n0{1,32}\r?\n\s{0,2}\Z")
_NO_CODING = frozenset({"", "identity", "none", "utf-8", "utf8"})  # what servers write where nothing is coded
_BINARY = re.compile(rb"(?!\xff\xfe|\xfe\xff).{0,512}?[\x00-\x06\x0e-\x1a\x1c-\x1f]", re.DOTALL)  # but for UTF-16


class _Engine(Protocol):
    """A decoder of one stream. `spare`: bytes that it was fed beyond the stream's end."""

    def feed(self, piece: bytes, most: int) -> bytes: ...

    @property
    def ended(self) -> bool: ...

    @property
    def spare(self) -> int: ...


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._engine = zlib.decompressobj(wbits)

    def feed(self, piece: bytes, most: int) -> bytes:
        return self._engine.decompress(piece, most)

    @property
    def ended(self) -> bool:
        return self._engine.eof

    @property
    def spare(self) -> int:
        return len(self._engine.unused_data)


class _Brotli:
    """Takes bytes beyond the stream's end for a fault, so that none are spare."""

    spare = 0

    def __init__(self) -> None:
        self._engine = brotli.Decompressor()

    def feed(self, piece: bytes, most: int) -> bytes:
        return bytes(self._engine.process(piece, output_buffer_limit=most))

    @property
    def ended(self) -> bool:
        return bool(self._engine.is_finished())


_Layer = Callable[[bytes, int], bytes | None]


class _Drawn(NamedTuple):
    """What one stream gives; `end`: where it or its fault ends in the input."""

    data: bytes
    end: int
    ended: bool
    faulty: bool = False


def undone(body: bytes, codings: Sequence[str], bound: int) -> bytes | None:
    """The body with its codings undone, of which the last was applied last; null where it is not coded so.

    Writers keep the header of a coding that they have undone: one that is not there is passed over if markup comes out
    in the end, and chunked and a repeated one always. Names are in lower case; an unknown one says something only of
    bytes that are no text. At most LAYERS_MAX are tried.
    A layer of more than `bound` bytes ends it: the result is then the first `bound` + 1 bytes of that layer.
    """
    layers = [_LAYERS[name] for name in reversed(codings) if name in _LAYERS]
    lacking, done = len(layers) > LAYERS_MAX, set[_Layer]()
    for undo in () if lacking else layers:
        found = undo(body, bound + 1)
        if found is not None and len(found) > bound:
            return found[: bound + 1]
        if found is None:
            lacking |= undo is not _unchunked and undo not in done
        else:
            body = found
            done.add(undo)
    unknown = any(name not in _LAYERS and name not in _NO_CODING for name in codings)
    lacking |= unknown and _BINARY.match(body) is not None
    return None if lacking and body and not _is_markup(body) else body


def _unchunked(data: bytes, most: int) -> bytes | None:
    """The data of the chunks before a fault: a line that states no size, or a chunk that does not end where it says.

    Null where nothing is chunked.
    """
    line = _SIZE.match(data)
    if line is None or not _is_chunk(data, line):
        return None  # a text may begin with a number
    out = bytearray()
    while line and len(out) < most and (size := int(line[1], 16)):
        start, stop, end = line.end(), line.end() + min(size, most), _behind(data, line)
        line = _SIZE.match(data, end.end()) if end else None
        out += data[start:stop] if line else _last_chunk(data, start, stop, end is None)
    return bytes(out)


def _is_chunk(data: bytes, line: re.Match[bytes]) -> bool:
    """Whether a first line that may state a size does: markup behind it needs framing further on, if it misfits."""
    markup = _is_markup(data[line.end() : line.end() + 512])
    if _behind(data, line) and not (markup and int(line[1], 16) == 0):
        return True
    return markup and bool(_FRAMING.search(data, line.end()) or _LAST.search(data, line.end()))


def _behind(data: bytes, line: re.Match[bytes]) -> re.Match[bytes] | None:
    """The line end behind the chunk that the line begins, or the end of the data where they are cut off before it."""
    return _LINE_END.match(data, min(line.end() + int(line[1], 16), len(data)))


def _last_chunk(data: bytes, start: int, stop: int, misfit: bool) -> bytes:
    """What belongs to a chunk behind which none is known; one that has lost bytes claims framing with its data."""
    inner = _FRAMING.search(data, start, stop + 64) if misfit else _FRAMING_CUT.search(data, start, stop)
    return data[start : min([stop, *(mark.start() for mark in (inner, _LAST.search(data, start)) if mark)])]


def _gunzipped(data: bytes, most: int) -> bytes | None:
    """The members of a gzip stream; what follows the last is no matter."""
    out, at, whole = bytearray(), 0, True
    while whole and len(out) < most and data.startswith(GZIP_MAGIC, at):
        drawn = _drawn(lambda: _Zlib(31), data, at, most - len(out))
        out += drawn.data
        at, whole = drawn.end, drawn.ended
    return bytes(out) if out or (whole and at) else None


def _inflated(data: bytes, most: int) -> bytes | None:
    """`deflate` with the zlib header, and without it, as some servers send it."""
    found = _unmarked(lambda: _Zlib(15), data, most)
    return _unmarked(lambda: _Zlib(-15), data, most) if found is None else found


def _unbrotlied(data: bytes, most: int) -> bytes | None:
    return _unmarked(_Brotli, data, most)


def _unmarked(new: Callable[[], _Engine], data: bytes, most: int) -> bytes | None:
    """What a coding gives that has no magic; any bytes may begin as such, so what a faulty one gives must be markup."""
    drawn = _drawn(new, data, 0, most)
    ended = drawn.ended and not data[drawn.end :].strip(b"\0\r\n \t")
    cut = drawn.end == len(data) and not drawn.faulty and len(drawn.data) >= _SURE
    sure = ended or cut or len(drawn.data) >= most or _is_markup(drawn.data)
    return drawn.data if sure else None


def _unframed(data: bytes, most: int) -> bytes | None:
    """The frames of a zstd stream; what follows the last is no matter."""
    stream, codec, out, at, fault = io.BytesIO(data), zstd(), bytearray(), 0, ""
    while not fault and len(out) < most and at < len(data):
        passed = skippable(stream, at)
        if passed is None and not data.startswith(codec.magic, at):
            break
        if passed is not None:
            at = passed
            continue
        for step in codec.inflate(stream, at):
            out += step.data
            at, fault = step.stop, step.fault or ""
            if len(out) >= most:
                break
    return bytes(out) if out or (at and not fault) else None


def _drawn(new: Callable[[], _Engine], data: bytes, start: int, most: int) -> _Drawn:
    """What the stream at `start` gives, at most `most` bytes and a few; the piece that faults is fed byte by byte."""
    drawn = _fed(new(), data, start, most, len(data))
    return _fed(new(), data, start, most, drawn.end) if drawn.faulty else drawn


def _fed(engine: _Engine, data: bytes, start: int, most: int, singly: int) -> _Drawn:
    """Feed an engine pieces, and single bytes from `singly` on; a fault takes with it what its piece gives."""
    out, at = bytearray(), start
    while at < len(data) and len(out) < most and not engine.ended:
        piece = data[at : at + (_PIECE if at < singly else 1)]
        try:
            out += engine.feed(piece, most - len(out))
        except (zlib.error, brotli.error):
            return _Drawn(bytes(out), at, ended=False, faulty=True)
        at += len(piece)
    return _Drawn(bytes(out), at - engine.spare, engine.ended)


def _is_markup(data: bytes) -> bool:
    return data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


_LAYERS: dict[str, _Layer] = {
    "chunked": _unchunked,
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,  # RFC 9110, 8.4.1.3: the same
    "deflate": _inflated,
    "br": _unbrotlied,
    "zstd": _unframed,
}
