"""Common Crawl: a crawl's name and places in its list of archives become addresses. Knows how the list is laid out.

A crawl has a list of its archives at <base>/crawl-data/<crawl>/warc.paths.gz, one path a line, relative to the base.
"""

import gzip
import zlib
from pathlib import Path

from pipelines.errors import BadInput
from stages.params import CommonCrawl

LIST_MAX = 1 << 28  # bytes of the list decompressed; those of 2025 have 14 MB


def list_of(asked: CommonCrawl) -> str:
    """Where the crawl's list of archives lies."""
    return f"{asked.base.rstrip('/')}/crawl-data/{asked.crawl.strip('/')}/warc.paths.gz"


def chosen(asked: CommonCrawl, paths: Path) -> list[str]:
    """The addresses of the archives that were asked for, in the order of the list. Raises BadInput."""
    lines = _lines(paths)
    first, last = asked.places
    if last > len(lines):
        raise BadInput(f"asks for the files {first} to {last}, but the crawl {asked.crawl} has {len(lines)}")
    return [f"{asked.base.rstrip('/')}/{_path(line)}" for line in lines[first - 1 : last]]


def _lines(paths: Path) -> list[str]:
    try:
        with gzip.open(paths) as file:
            text = file.read(LIST_MAX).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BadInput(f"its list of archives cannot be read ({type(error).__name__})") from error
    return [line for line in map(str.strip, text.split("\n")) if line]


def _path(line: str) -> str:
    if "://" in line or not line.isprintable() or ".." in line.split("/"):
        raise BadInput("its list of archives holds a line that is no path")
    return line.lstrip("/")
