"""Lists of urls from files, made into one file of hashes that all workers map: made once, read by as many as there are.

The file lies in `.run/url_lists/` under the digest of what it was made from. It holds a line of JSON, padded, then for
each use the sorted 64-bit keys and the number of the list that each belongs to. Knows no record and no rule.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import BadInput
from pipelines.files import below, committed
from pipelines.stat import StatCache
from stages.extract.blocking import Lists, Use, entry, key

FORM = "2"  # of the file: part of its name, so that a change makes it anew
HEAD = 1 << 16  # bytes for the line of JSON: names of some thousand lists
MOST_LISTS = 1 << 10
NAMES = ("domains", "urls")  # of the files in a folder, as UT1 has them; other files there are not read
_CHUNK = 1 << 16  # lines


@dataclass(frozen=True)
class Source:
    """A list as params name it, with its files and the digest of them all."""

    name: str
    use: Use
    files: tuple[Path, ...]
    sha256: str


def source(name: str, use: Use, path: Path, stat: StatCache) -> Source:
    """The files of a list. Raises BadInput where there are none."""
    if path.is_file():
        return Source(name, use, (path,), stat.digest(path))
    files = tuple(p for p in below(path, "*") if p.name.removesuffix(".gz") in NAMES) if path.is_dir() else ()
    if not files:
        raise BadInput(f"{path} is no file, and no folder with files named {' or '.join(NAMES)}")
    lines = "".join(f"{stat.digest(p)}  {p.relative_to(path)}\n" for p in files)  # as sha256sum prints them
    return Source(name, use, files, hashlib.sha256(lines.encode()).hexdigest())


def compiled(folder: Path, sources: Sequence[Source]) -> tuple[Path, dict[str, tuple[int, int]]]:
    """The file of all lists, made if it is not there, and (entries, lines that are none) of each list.

    Raises BadInput where a file cannot be read or holds more lines that are no entry than entries.
    """
    if len(sources) > MOST_LISTS:
        raise BadInput(f"{len(sources)} lists: at most {MOST_LISTS} can be told apart")
    named = json.dumps([FORM, [(s.name, s.use, s.sha256) for s in sources]])
    path = folder / f"{hashlib.sha256(named.encode()).hexdigest()[:32]}.bin"
    if not path.is_file():
        _write(path, sources)
    return path, {name: (n, skipped) for name, n, skipped in _head(path)["read"]}


def _write(path: Path, sources: Sequence[Source]) -> None:
    tables: dict[Use, tuple[NDArray[np.uint64], NDArray[np.uint16]]] = {}
    read: list[tuple[str, int, int]] = []
    for use in get_args(Use):
        keys, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint16)]
        for number, one in enumerate(sources):
            if one.use == use:
                own, skipped = _keys(one)
                read.append((one.name, len(own), skipped))
                keys.append(own)
                owners.append(np.full(len(own), number, np.uint16))
        unique, first = np.unique(np.concatenate(keys), return_index=True)
        tables[use] = unique, np.concatenate(owners)[first]
    head = {"names": [s.name for s in sources], "read": read, "sizes": {use: len(t[0]) for use, t in tables.items()}}
    with committed(path) as file:
        file.write(json.dumps(head).encode().ljust(HEAD))
        for unique, numbers in tables.values():
            file.write(unique.tobytes())
            file.write(numbers.tobytes().ljust(-len(numbers) // 4 * -8, b"\0"))  # keys begin at multiples of 8


def _keys(one: Source) -> tuple[NDArray[np.uint64], int]:
    """(hashes of a list's entries, in their order; lines that are neither entry nor blank nor comment)."""
    parts, n_skipped = [np.zeros(0, np.uint64)], 0
    for lines in _chunks(line for file in one.files for line in _lines(file, one.name)):
        found = [entry(line) for line in lines]
        n_skipped += sum(name is None and bool(line.strip()) and line[:1] != "#" for name, line in zip(found, lines))
        parts.append(np.array([key(name) for name in found if name], np.uint64))
    keys = np.concatenate(parts)
    if n_skipped > len(keys):
        raise BadInput(f"{one.name}: {n_skipped} lines are neither host, path nor url, and only {len(keys)} are one")
    return keys, n_skipped


def _lines(path: Path, name: str) -> Iterator[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", errors="replace") as file:  # editors save a mark
            yield from (str(line).rstrip("\r\n") for line in file)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{name}: {path} cannot be read ({error})") from error


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == _CHUNK:
            yield held
            held = []
    yield held


def _head(path: Path) -> Any:
    with path.open("rb") as file:
        return json.loads(file.read(HEAD))


def opened(path: Path) -> Mapping[Use, Lists]:
    """The lists of every use that has some, mapped into memory: pages are read as they are asked for, and shared."""
    head = _head(path)
    out, at = {}, HEAD
    for use, size in head["sizes"].items():
        if size:
            keys = np.memmap(path, np.uint64, mode="r", offset=at, shape=(size,))
            owners = np.memmap(path, np.uint16, mode="r", offset=at + 8 * size, shape=(size,))
            out[use] = Lists(keys, owners, tuple(head["names"]))
        at += 8 * size - size // -4 * 8
    return out
