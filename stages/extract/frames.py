"""Compressed units, one at a time: a gzip member, a zstd frame or an lz4 frame, from its first byte to its last.

What a unit gives before a fault is the same whatever the size of the reads: gzip is fed byte by byte up to the fault,
zstd and lz4 in the blocks that their frames consist of (RFC 8878; LZ4 Frame Format 1.6.1). Knows no archive.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol

import zstandard
from lz4.frame import LZ4FrameDecompressor

PIECE = 16 * 1024  # of gzip; at deflate's ratio of 1032 at most 17 MB decompressed at once
ZSTD_WINDOW = 1 << 27  # zstd's own default; a frame that claims more memory is a fault
DICTIONARY_MAX = 1 << 26  # bytes of a dictionary; writers in use have some hundred KB
_LZ4_BLOCKS = {4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22}
_CUT = "cut off at the end of the file"


class Step(NamedTuple):
    """Decompressed bytes up to `stop` as stored. `fault` is null but in the last step: "" where the unit ended well."""

    stop: int
    data: bytes
    fault: str | None


@dataclass(frozen=True)
class Codec:
    """One compression. `inflate` undoes the unit at an offset; `unit` is what people call one."""

    unit: str
    magic: bytes
    inflate: Callable[[BinaryIO, int], Iterator[Step]]

    def peek(self, stream: BinaryIO, at: int, count: int) -> bytes:
        """The first `count` bytes of the unit at `at`; fewer, or none, where it faults or ends before them."""
        out = b""
        for step in self._first(stream, at, count):
            out += step.data
            if len(out) >= count or step.fault is not None:
                break
        return out[:count]

    def _first(self, stream: BinaryIO, at: int, count: int) -> Iterator[Step]:
        if self.magic != GZIP_MAGIC:
            return self.inflate(stream, at)
        member = zlib.decompressobj(31)  # a search asks this of many places: no care for what precedes a fault
        try:
            return iter([Step(at, member.decompress(_read(stream, at, max(4096, 2 * count)), count), "")])
        except zlib.error:
            return iter(())


class _Decoder(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...

    @property
    def eof(self) -> bool: ...


def _read(stream: BinaryIO, at: int, count: int) -> bytes:
    stream.seek(at)
    return stream.read(count)


def _gzip(stream: BinaryIO, at: int) -> Iterator[Step]:
    member = zlib.decompressobj(31)
    while raw := _read(stream, at, PIECE):
        before = member.copy()
        try:
            data = member.decompress(raw)
        except zlib.error as error:
            data, used = _salvage(before, raw)
            yield Step(at + used, data, _short(error))
            return
        at += len(raw) - len(member.unused_data)
        yield Step(at, data, "" if member.eof else None)
        if member.eof:
            return
    yield Step(at, b"", _CUT)


def _salvage(member: "zlib._Decompress", raw: bytes) -> tuple[bytes, int]:
    """What decodes before the byte that faults, and that byte's index: the same whatever the reads before were."""
    out = []
    for used in range(len(raw)):
        try:
            out.append(member.decompress(raw[used : used + 1]))
        except zlib.error:
            return b"".join(out), used
    return b"".join(out), len(raw)


def _short(error: Exception) -> str:
    return str(error).rpartition(": ")[2][:80]


def _blocks(stream: BinaryIO, at: int, decoder: _Decoder, pieces: Iterator[int | str]) -> Iterator[Step]:
    """Feed a decoder the pieces of a frame; `pieces` gives their sizes, or a sentence where the next makes no sense."""
    for piece in pieces:
        if isinstance(piece, str):
            yield Step(at, b"", piece)
            return
        raw = _read(stream, at, piece)
        try:
            data = decoder.decompress(raw) if len(raw) == piece else b""
        except (zstandard.ZstdError, RuntimeError) as error:  # RuntimeError is what lz4 raises
            yield Step(at, b"", _short(error))
            return
        at += len(raw)
        if len(raw) < piece:
            yield Step(at, b"", _CUT)
            return
        yield Step(at, data, None)
    yield Step(at, b"", "" if decoder.eof else "the frame does not end where its blocks do")


def zstd(dictionary: zstandard.ZstdCompressionDict | None = None) -> Codec:
    """The codec zstd, with the dictionary of its file if that has one."""

    def inflate(stream: BinaryIO, at: int) -> Iterator[Step]:
        engine = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=ZSTD_WINDOW)
        return _blocks(stream, at, engine.decompressobj(), _zstd_pieces(stream, at))

    return Codec("zstd frame", b"\x28\xb5\x2f\xfd", inflate)


def _zstd_pieces(stream: BinaryIO, at: int) -> Iterator[int | str]:
    """Sizes of a zstd frame's header, blocks and checksum."""
    head = _read(stream, at, 18)
    try:
        size, frame = zstandard.frame_header_size(head), zstandard.get_frame_parameters(head)
    except zstandard.ZstdError as error:
        yield _short(error) if len(head) == 18 else _CUT
        return
    yield size
    at, last = at + size, False
    while not last:
        word = int.from_bytes(_read(stream, at, 3), "little")
        last, kind, size = bool(word & 1), word >> 1 & 3, word >> 3
        if kind == 3:
            yield "a block of no known kind"
            return
        stored = 3 + (1 if kind == 1 else size)  # kind 1: one byte, repeated
        yield stored
        at += stored
    if frame.has_checksum:
        yield 4


def _lz4(stream: BinaryIO, at: int) -> Iterator[Step]:
    return _blocks(stream, at, LZ4FrameDecompressor(), _lz4_pieces(stream, at))


def _lz4_pieces(stream: BinaryIO, at: int) -> Iterator[int | str]:
    """Sizes of an lz4 frame's header, blocks and end."""
    flags, block_code = (_read(stream, at, 6) + bytes(6))[4:6]
    size = 7 + 8 * (flags >> 3 & 1) + 4 * (flags & 1)
    largest = _LZ4_BLOCKS.get(block_code >> 4 & 7, 0)
    yield size
    at += size
    while word := int.from_bytes(_read(stream, at, 4), "little"):
        stored = word & 0x7FFFFFFF
        if stored > largest:
            yield "a block larger than the frame allows"
            return
        yield 4 + stored + 4 * (flags >> 4 & 1)
        at += 4 + stored + 4 * (flags >> 4 & 1)
    yield 4 + 4 * (flags >> 2 & 1)


GZIP_MAGIC = b"\x1f\x8b\x08"
CODECS = (Codec("gzip member", GZIP_MAGIC, _gzip), zstd(), Codec("lz4 frame", b"\x04\x22\x4d\x18", _lz4))


def skippable(stream: BinaryIO, at: int) -> int | None:
    """Where the skippable frame (of zstd or lz4) that begins at `at` ends; null where none does."""
    head = _read(stream, at, 8)
    if len(head) < 8 or head[1:4] != b"\x2a\x4d\x18" or head[0] >> 4 != 5:
        return None
    return at + 8 + int.from_bytes(head[4:], "little")


def dictionary(stream: BinaryIO) -> zstandard.ZstdCompressionDict | None:
    """The dictionary that a zstd archive begins with (IIPC, Zstandard Compression for WARC Files 1.0), plain or zstd.

    Null where there is none. Raises ValueError where it cannot be read.
    """
    end = skippable(stream, 0)
    if end is None or _read(stream, 0, 1) != b"\x5d":
        return None
    raw = _read(stream, 8, min(end - 8, DICTIONARY_MAX + 1))
    if raw.startswith(CODECS[1].magic):
        raw = _unpacked(raw)
    if len(raw) > DICTIONARY_MAX:
        raise ValueError("the dictionary is too long")
    try:
        return zstandard.ZstdCompressionDict(raw)
    except zstandard.ZstdError as error:
        raise ValueError(_short(error)) from error


def _unpacked(raw: bytes) -> bytes:
    out = b""
    for step in CODECS[1].inflate(io.BytesIO(raw), 0):
        out += step.data
        if step.fault:
            raise ValueError(step.fault)
        if len(out) > DICTIONARY_MAX:
            break
    return out
