"""Files: committed whole or not at all, and read with errors that name them. The other half of the store.

Knows neither tables nor stages.
"""

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from pipelines.errors import BadInput, Infrastructure


class committed:  # noqa: N801 - reads as a statement: with committed(path) as file
    """A file that appears under its name when the block ends well, and not at all otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tmp = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def __enter__(self) -> IO[bytes]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.file = self.tmp.open("wb")
        except OSError as error:
            raise Infrastructure(f"{self.path}: cannot be written ({error.strerror})") from error
        return self.file

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if error is None:
                self.file.flush()
                os.fsync(self.file.fileno())
                self.file.close()
                self.tmp.replace(self.path)
        except OSError as full:
            raise Infrastructure(f"{self.path}: cannot be written ({full.strerror})") from full
        finally:
            self._drop()
        if isinstance(error, OSError):
            raise Infrastructure(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def _drop(self) -> None:
        # Closing flushes what is buffered, which fails again on a full disk.
        try:
            self.file.close()
        except OSError:
            os.close(self.file.fileno()) if not self.file.closed else None
        self.tmp.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Commit a text file, unless it already says the same (so that its mtime stays)."""
    if path.is_file() and path.read_text() == text:
        return
    with committed(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Commit a JSON file, keys as given, floats as they are."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    """Commit a JSON Lines file."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_json(path: Path) -> Any:
    """A JSON file, or None where it is missing or no JSON (a torn file is as good as none)."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def read_lines(path: Path) -> list[Any]:
    """The rows of a JSON Lines file; none where the file is missing."""
    return [json.loads(line) for line in json_lines(path.read_text())] if path.is_file() else []


def json_lines(text: str) -> list[str]:
    """The lines of JSON Lines. A name may hold what `splitlines` takes for an end, such as U+2028."""
    return [line for line in text.split("\n") if line]


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text file, one in memory; none where the file is missing."""
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            yield from file


def append_line(path: Path, row: Any) -> None:
    """Add a row to a log under .run/ (never to an out)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes. Raises BadInput where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error


def file_size(path: Path) -> int:
    """A file's size in bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def matching(root: Path, pattern: str) -> list[Path]:
    """Files that a path or glob names, relative to `root`, sorted."""
    return sorted(
        Path(p)
        for p in glob.glob(  # noqa: PTH207 - Path.glob takes no absolute pattern
            str(root / pattern), recursive=True
        )
        if Path(p).is_file()
    )


def text_of(path: Path) -> str:
    """A text file's content."""
    return path.read_text()


def remove_tree(path: Path) -> None:
    """Remove a folder and all below it."""
    shutil.rmtree(path, ignore_errors=True)


def below(folder: Path, pattern: str) -> Iterator[Path]:
    """Files below a folder, sorted."""
    return iter(sorted(p for p in folder.rglob(pattern) if p.is_file()))
