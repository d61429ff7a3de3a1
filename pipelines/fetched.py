"""Copies of files that lie on other machines: brought once, resumed after a break, known by sha256.

A copy lies in a folder of its own (`<folder>/<hash of the address>/<name>`) beside a note that says where it came from.
The copy is dropped when the disk is needed for others, the longest unused first; the note stays, so that the file is
brought again when a stage opens it, and must then have the same sha256. Knows no params key and no format.
"""

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from pipelines import remote
from pipelines.errors import BadInput, Infrastructure, Interrupted
from pipelines.files import file_size, read_json, write_json
from pipelines.remote import Broken, Changed, Found
from stages.params import Fetch

NOTE, PART, PARTIAL = "note.json", ".part", "part.json"
CHANGES = 3  # times that a file may change while it is read
WAIT_MAX = 60.0
_GB = 1_000_000_000


@dataclass(frozen=True)
class Copy:
    """A remote file as it was when it was last brought. The file at `path` may have been dropped since."""

    path: Path
    size: int
    sha256: str
    was_read: bool = field(default=False, compare=False)  # just now, not known from before


@dataclass(frozen=True)
class Copies:
    """A folder of copies. `stop` ends what is under way in other threads."""

    folder: Path
    how: Fetch
    stop: threading.Event = field(default_factory=threading.Event)

    def bring(self, url: str, *, present: bool = False) -> Copy:
        """The file as its server has it now, read only where it is not known; with `present`, its copy lies there.

        Raises BadInput where the server will not give it or it never holds still, Infrastructure where it cannot be
        reached or read to its end after `attempts` tries in a row without a byte gained.
        """
        place, name = self._place(url), _name(url)
        with _alone(place):
            failures, changes, best = 0, 0, file_size(place / PART)
            while True:
                try:
                    return self._bring(url, place, name, present)
                except Changed:
                    changes += 1
                    self._give_up(
                        changes >= CHANGES, BadInput(f"{shown(url)}: changed while it was read, {CHANGES} times")
                    )
                except Broken as broken:
                    held = file_size(place / PART)
                    failures, best = (1 if held > best else failures + 1), max(best, held)
                    said = f"{shown(url)}: {broken}; {held} bytes were read, {failures} tries in a row brought no more"
                    self._give_up(failures >= self.how.attempts, Infrastructure(said))
                    self._wait(max(broken.wait, min(WAIT_MAX, self.how.wait_seconds * 2 ** (failures - 1))))
                except BadInput as refused:
                    raise BadInput(f"{shown(url)}: {refused}") from refused

    def _place(self, url: str) -> Path:
        return self.folder / hashlib.sha256(url.encode()).hexdigest()[:32]

    def _give_up(self, now: bool, error: Exception) -> None:
        if now:
            raise error

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Interrupted("interrupted while a file was read from another machine")

    def _bring(self, url: str, place: Path, name: str, present: bool) -> Copy:
        found = remote.probe(url, self.how)
        known = _known(place, found)
        if known and (not present or _is_whole(place)):
            return known
        if (found.size or 0) > self.how.cache_gb * _GB:
            raise BadInput(f"has {found.size} bytes, more than run.fetch.cache_gb allows")
        self._make_room(found.size or 0, place)
        sha = self._read(url, place, found)
        return self._commit(url, place / name, found, sha)

    def _read(self, url: str, place: Path, found: Found) -> str:
        """Read what is missing behind the part that is there; returns the sha256 of the whole."""
        part = _resumed(place, found)
        with part.open("r+b") as file:
            sha = hashlib.file_digest(file, hashlib.sha256)
            file.seek(0, os.SEEK_END)
            if file.tell() == found.size:
                return sha.hexdigest()
            for at, piece in remote.pieces(url, file.tell(), found, self.how):
                self._wait(0)
                if at < file.tell():  # the server began anew
                    file.truncate(at)
                    file.seek(at)
                    sha = hashlib.sha256()
                file.write(piece)
                sha.update(piece)
                if file.tell() > (self.how.cache_gb * _GB if found.size is None else found.size):
                    raise Changed(url)
            if found.size is not None and file.tell() < found.size:
                raise Broken(f"ended after {file.tell()} of {found.size} bytes")
            file.flush()
            os.fsync(file.fileno())
        return sha.hexdigest()

    def _commit(self, url: str, body: Path, found: Found, sha256: str) -> Copy:
        body.with_name(PART).replace(body)
        body.with_name(PARTIAL).unlink(missing_ok=True)
        stat = body.stat()
        note = {"url": url, "name": body.name, "tag": found.tag, "size": stat.st_size, "sha256": sha256}
        write_json(body.with_name(NOTE), note | {"mtime_ns": stat.st_mtime_ns, "how": self.how.model_dump(mode="json")})
        return Copy(body, stat.st_size, sha256, was_read=True)

    def _make_room(self, size: int, keep: Path) -> None:
        """Drop copies, the longest unused first, until a file of this size fits."""
        held = [path for path in self.folder.glob("*/*") if path.name not in (NOTE, PARTIAL) and path.parent != keep]
        by_age = sorted((_used(path), path) for path in held if path.name != PART)  # a part is being read
        room = int(self.how.cache_gb * _GB) - size - sum(file_size(path) for path in held)
        for _, path in by_age:
            if room >= 0:
                return
            room += file_size(path)
            path.unlink(missing_ok=True)


def held(path: Path, digest: str | None = None) -> Path:
    """A file of this machine, or a copy, brought again where it was dropped. `digest`: the beginning of its sha256.

    Raises BadInput where it is no longer the file that `inputs` found.
    """
    note = read_json(path.with_name(NOTE))
    if not note or note.get("name") != path.name:
        return path
    wanted = digest or note["sha256"]
    if not _is_whole(path.parent):
        copies = Copies(path.parent.parent, Fetch(**note["how"]))
        note = {"sha256": copies.bring(note["url"], present=True).sha256, "url": note["url"]}
    if not note["sha256"].startswith(wanted):
        raise BadInput(f"{shown(note['url'])}: is no longer the file that data/inputs names: run again")
    stat = path.stat()
    os.utime(path, ns=(time.time_ns(), stat.st_mtime_ns))
    return path


def opened(path: Path, digest: str) -> BinaryIO:
    """The file for reading, see `held`."""
    for _ in range(CHANGES):
        try:
            return held(path, digest).open("rb")
        except FileNotFoundError:  # a copy dropped a moment ago, for another's sake
            continue
    return path.open("rb")


def shown(url: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _name(url: str) -> str:
    """A file name for the copy. Raises BadInput where the address has none."""
    name = remote.basename(url)
    if name in ("", ".", "..", NOTE, PART, PARTIAL) or len(name.encode()) > 200 or not name.isprintable():
        raise BadInput(f"{shown(url)}: does not end in the name of a file")
    return name


def _known(place: Path, found: Found) -> Copy | None:
    """What the note says, if it is of the file that was found. One without a tag may have changed: it is not known."""
    note: dict[str, Any] | None = read_json(place / NOTE)
    if not note or found.tag is None or (note["tag"], note["size"]) != (found.tag, found.size or note["size"]):
        return None
    return Copy(place / note["name"], note["size"], note["sha256"])


def _is_whole(place: Path) -> bool:
    """Whether the copy lies there as it was committed."""
    note = read_json(place / NOTE)
    try:
        stat = (place / note["name"]).stat()
    except (OSError, TypeError):
        return False
    return (stat.st_size, stat.st_mtime_ns) == (note["size"], note["mtime_ns"])


def _resumed(place: Path, found: Found) -> Path:
    """The part of the file that an earlier try left, if it is of the same file; else an empty one."""
    part, now = place / PART, asdict(found)
    held = file_size(part)
    if read_json(place / PARTIAL) != now or found.tag is None or held > (held if found.size is None else found.size):
        part.unlink(missing_ok=True)
        write_json(place / PARTIAL, now)
    part.touch()
    return part


def _used(path: Path) -> int:
    try:
        return path.stat().st_atime_ns
    except OSError:
        return 0


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One process at a time brings a file; the others wait and find it there."""
    place.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{place.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def each(copies: Copies, urls: list[str], done: Callable[[int, Copy], None]) -> dict[str, Copy | Exception]:
    """Bring many files, some at once; `done` hears of each as it comes. Errors are values: all are told."""
    from concurrent.futures import ThreadPoolExecutor, as_completed

    out: dict[str, Copy | Exception] = {}
    with ThreadPoolExecutor(copies.how.at_once) as pool:
        waiting = {pool.submit(copies.bring, url): url for url in urls}
        try:
            for one in as_completed(waiting):
                error = one.exception()
                out[waiting[one]] = error if isinstance(error, Exception) else one.result()
                if not error:
                    done(len(out), one.result())
        except BaseException:
            copies.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return out
