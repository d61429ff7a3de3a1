"""A memory of file digests by size and mtime, in `.run/stat.sqlite`, so that unchanged files are not read again.

A wrong entry needs a file that changed without its size or mtime changing: `--verify` reads every table anew. What is
named from outside is read anew once `.run/stat.sqlite` is removed.
"""

import sqlite3
from pathlib import Path

from pipelines import files


class StatCache:
    """Digests by (path, size, mtime_ns). Losing the file costs time, never truth."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.execute("pragma journal_mode=wal")
        self.db.execute("pragma synchronous=off")
        self.db.execute("create table if not exists stat (path text primary key, size int, mtime int, digest text)")
        rows = self.db.execute("select path, size, mtime, digest from stat")
        self.known: dict[str, tuple[int, int, str]] = {
            path: (size, mtime, digest) for path, size, mtime, digest in rows
        }

    def digest(self, path: Path) -> str:
        """sha256 of the file, from memory where size and mtime match. Raises BadInput where it cannot be read."""
        found = self.seen(path)
        if found is not None:
            return found
        digest = files.file_digest(path)
        self.remember(path, digest)
        return digest

    def seen(self, path: Path) -> str | None:
        """The remembered digest, or None where the file is unknown, changed or gone."""
        try:
            stat = path.stat()
        except OSError:
            return None
        known = self.known.get(str(path))
        return known[2] if known is not None and known[:2] == (stat.st_size, stat.st_mtime_ns) else None

    def forget(self, path: Path) -> None:
        """Read the file anew when its digest is asked for next."""
        self.known.pop(str(path), None)

    def remember(self, path: Path, digest: str) -> None:
        """Note that the file as it is now has this digest."""
        stat = path.stat()
        self.known[str(path)] = (stat.st_size, stat.st_mtime_ns, digest)
        self.db.execute("replace into stat values (?, ?, ?, ?)", (str(path), stat.st_size, stat.st_mtime_ns, digest))
