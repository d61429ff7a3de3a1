"""The decompressed stream of an archive file: the bytes that both the scan and the reader look at.

It undoes compression (gzip, zstd, lz4) and nothing else: of a record it knows how its first line looks, to tell where
one may begin. What it yields stands in the order of the file as stored.

- A *run* is a stretch of decompressed bytes without a break. A new one begins where a compressed unit (a gzip member, a
  frame) starts with a record's header line, so that a wrong length never reaches beyond its unit; and after every gap.
- A unit that does not decompress to its end and checksum gives the bytes that decode before the fault, then a Gap.
- After a fault the next unit is the next magic that decompresses to a header line. The search looks back at most
  LOOKBACK bytes from the fault: a damaged unit may be decoded beyond its end.
- Skippable frames (of zstd and lz4, among them a dictionary) hold no bytes of the archive and are stepped over.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from stages.extract.forms import ARC, WARC, Form, form_at
from stages.extract.frames import CODECS, Codec, dictionary, skippable, zstd

PLAIN_PIECE = 128 * 1024
LOOKBACK = 1 << 20
BLANKS_MAX = 4096  # line ends between a record and the next; the standard says four
_OTHERS = {
    b"BZh": "this file is compressed with bzip2; recompress it with gzip or zstd, one member per record",
    b"\xfd7zXZ\x00": "this file is compressed with xz; recompress it with gzip or zstd, one member per record",
    b"\x02\x21\x4c\x18": "this file is compressed with lz4 in its legacy format; recompress it with lz4's frame format",
}


class NotAWarc(ValueError):
    """The file is no archive: no header stands in it, or it has another format. The message says which."""


@dataclass(frozen=True)
class Data:
    """Decompressed bytes. `offset`: where their unit is stored, or where nothing is compressed, the bytes."""

    offset: int
    data: bytes
    opens: bool  # begins a run
    plain: bool = False  # nothing is compressed: byte i of data is stored at offset + i


@dataclass(frozen=True)
class Gap:
    """Stored bytes [offset, end) that do not decompress. `inside`: the run before it is cut off in its last unit."""

    offset: int
    end: int
    why: str
    inside: bool


Event = Data | Gap


@dataclass(frozen=True)
class Layout:
    """How an archive is written. `codec` null: plain. `start`: where its first unit lies, behind skippable frames.

    `certain`: a record's header line was seen; elsewhere the form is a guess.
    """

    form: Form
    codec: Codec | None
    start: int
    size: int
    certain: bool


def layout_of(stream: BinaryIO) -> Layout:
    """The layout of a seekable binary stream, by its first bytes. Raises NotAWarc for formats known to be others."""
    size = stream.seek(0, 2)
    head = _read(stream, 0, max(form.ahead for form in (WARC, ARC)))
    if not head:
        raise NotAWarc("this file is empty: it has no WARC header")
    for magic, sentence in _OTHERS.items():
        if head.startswith(magic):
            raise NotAWarc(sentence)
    form = _form(head)
    if form is not None:
        return Layout(form, None, 0, size, certain=True)
    return _compressed(stream, size) or _damaged_start(stream, size)


def refusal(stream: BinaryIO) -> str:
    """Why a file is no archive, as a predicate ("is empty …"); "" where a header stands in it, however damaged."""
    try:
        layout = layout_of(stream)
    except NotAWarc as error:
        return str(error).removeprefix("this file ")
    return "" if layout.certain else "holds no WARC or ARC header that can be read"


def _form(data: bytes) -> Form | None:
    return ARC if data.startswith(b"filedesc:") else form_at(data)


def _compressed(stream: BinaryIO, size: int) -> Layout | None:
    """The layout of a file that begins with a unit of a known codec, behind skippable frames."""
    start = lead(stream)
    magic = _read(stream, start, 4)
    codec = next((codec for codec in CODECS if magic.startswith(codec.magic)), None)
    if codec is None:
        return None
    codec = _with_dictionary(stream, codec)
    form = _form(codec.peek(stream, start, ARC.ahead))
    if form is None:  # the first unit is damaged: what the next one begins with
        found = _next_unit(stream, codec, (WARC, ARC), start + 1, size)
        form = None if found is None else _form(codec.peek(stream, found, ARC.ahead))
    return Layout(form or WARC, codec, start, size, certain=form is not None)


def lead(stream: BinaryIO) -> int:
    """Bytes of the skippable frames at the beginning of a file; replaying a record of it needs them."""
    at = 0
    while (end := skippable(stream, at)) is not None:
        at = end
    return at


def _with_dictionary(stream: BinaryIO, codec: Codec) -> Codec:
    if codec.magic != CODECS[1].magic:
        return codec
    try:
        return zstd(dictionary(stream))
    except ValueError as error:
        raise NotAWarc(f"this file begins with a zstd dictionary that cannot be read: {error}") from error


def _damaged_start(stream: BinaryIO, size: int) -> Layout:
    """The layout of a file whose first bytes say nothing: by the first unit or line in it that begins a record."""
    units = [(at, codec) for codec in CODECS if (at := _next_unit(stream, codec, (WARC, ARC), 0, size)) is not None]
    lines = [(at, form) for form in (WARC, ARC) if (at := _next_line(stream, form)) is not None]
    unit, line = min((at for at, _ in units), default=size), min((at for at, _ in lines), default=size)
    if unit >= line:
        return Layout(dict(lines).get(line, WARC), None, 0, size, certain=bool(lines))
    codec = dict(units)[unit]
    return Layout(_form(codec.peek(stream, unit, ARC.ahead)) or WARC, codec, unit, size, certain=True)


def _next_line(stream: BinaryIO, form: Form) -> int | None:
    """Where the first header line of a plain stream begins, behind a line end."""
    at = 0
    while block := _read(stream, at, LOOKBACK + form.ahead):
        found = form.after(block, 0, LOOKBACK)
        if found >= 0:
            return at + found + 1
        at += LOOKBACK
    return None


def events(stream: BinaryIO, layout: Layout | None = None) -> Iterator[Event]:
    """The runs and gaps of a seekable binary stream. Raises NotAWarc for formats known to be others."""
    layout = layout or layout_of(stream)
    if layout.codec is None:
        yield from _plain(stream)
        return
    behind = min(lead(stream), layout.size)
    if layout.start > behind:
        yield Gap(behind, layout.start, f"no {layout.codec.unit}", inside=False)
    yield from _units(stream, layout, layout.codec)


def _read(stream: BinaryIO, at: int, count: int) -> bytes:
    stream.seek(at)
    return stream.read(count)


def _plain(stream: BinaryIO) -> Iterator[Data]:
    at = 0
    while data := _read(stream, at, PLAIN_PIECE):
        yield Data(at, data, opens=at == 0, plain=True)
        at += len(data)


def _units(stream: BinaryIO, layout: Layout, codec: Codec) -> Iterator[Event]:
    broken, at, size = True, layout.start, layout.size  # broken: nothing to continue yet
    while at < size:
        passed = skippable(stream, at)
        if passed is not None and passed <= size:
            at = passed
            continue
        if _read(stream, at, len(codec.magic)) != codec.magic:
            end = _next_unit(stream, codec, (layout.form,), at, size) or size
            yield Gap(at, end, f"bytes between {codec.unit}s", inside=False)
            broken, at = True, end
            continue
        stop, fault, delivered = yield from _unit(stream, codec, layout.form, at, broken)
        if fault:
            end = _next_unit(stream, codec, (layout.form,), max(at + 1, stop - LOOKBACK), size) or size
            yield Gap(at, end, f"{codec.unit}: {fault}", inside=delivered)
            stop = end
        broken, at = bool(fault), stop


def _unit(
    stream: BinaryIO, codec: Codec, form: Form, at: int, opens: bool
) -> Generator[Data, None, tuple[int, str, bool]]:
    """Yield one unit's bytes; return (where it or its fault ends, the fault or "", whether it gave bytes)."""
    held, begun = b"", False
    for stop, data, fault in codec.inflate(stream, at):
        held += data
        ready = begun or len(held) >= form.ahead or fault is not None  # enough to see whether it begins with a record
        if held and ready:
            yield Data(at, held, opens=not begun and (opens or form.starts(held)))
            held, begun = b"", True
        if fault is not None:
            return stop, fault, begun
    raise AssertionError("unreachable: the last step of a unit names its fault or has none")


def _next_unit(stream: BinaryIO, codec: Codec, forms: tuple[Form, ...], at: int, size: int) -> int | None:
    """The next offset in [at, size) whose unit decompresses to a header line of one of the forms."""
    while at < size:
        block = _read(stream, at, LOOKBACK + len(codec.magic) - 1)
        found = block.find(codec.magic)
        while 0 <= found < size - at:
            head = codec.peek(stream, at + found, max(form.ahead for form in forms))
            if any(form.starts(head) for form in forms):
                return at + found
            found = block.find(codec.magic, found + 1)
        at += LOOKBACK
    return None
