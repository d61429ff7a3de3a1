"""What an archive holds, as the reader tells it: records, damaged regions, and the counts that leave no row.

Plain values; knows neither the archive's bytes nor what becomes of a record.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# What stands between commas, or between semicolons, that are in no quotation; and a media type of HTTP's tokens.
_VALUES, _PARTS = (re.compile(rf'(?:[^"{mark}]|"(?:[^"\\]|\\.)*(?:"|\\?$))+', re.DOTALL) for mark in ",;")
_TYPE = re.compile(r"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+", re.ASCII)


@dataclass(frozen=True)
class Body:
    """What a block holds. `payload` is decoded; it is empty where `oversize` or `fault` says why."""

    payload: bytes
    content_type: str | None  # media type in lower case, without parameters; null where no valid one is stated
    charset: str | None
    status: int | None = None  # of HTTP, null where there is none
    oversize: int | None = None  # bytes of the payload where it exceeds the bound (at least so many)
    fault: str | None = None  # the coding that could not be undone
    said: tuple[tuple[str, str], ...] = ()  # headers that say what the page may be used for, names in lower case


@dataclass(frozen=True)
class Record:
    """A response, revisit or resource record. `offset` as stored; `date` as stated (ISO 8601)."""

    offset: int
    type: str
    doc_id: str
    url: str | None
    date: str | None
    is_http: bool
    body: Body


@dataclass(frozen=True)
class Damage:
    """A region [offset, end) as stored that holds no sound record; `inner`: where it begins inside its member."""

    offset: int
    inner: int
    end: int
    n_headers: int
    why: str


@dataclass
class Tally:
    """Terms of the account that leave no row, filled while the stream is read."""

    n_other_types: int = 0
    n_embedded: int = 0
    n_headers: int = 0  # every header line met, whatever it was

    def sound(self, n_embedded: int, has_row: bool) -> None:
        """Count a sound record that holds `n_embedded` header lines."""
        self.n_other_types += not has_row
        self.n_embedded += n_embedded
        self.n_headers += 1 + n_embedded


def media_type(stated: str | None) -> tuple[str | None, str | None]:
    """Media type and charset parameter of a Content-Type, in lower case, as the Fetch standard extracts them.

    Of a list the last valid type counts. Null where none is valid, as in `text/html charset=utf-8`: browsers look at
    the bytes then. A charset beside a type that is not valid is told all the same; null where none is stated.
    """
    whole = (stated or "")[:512].lower()
    media, charset, first = None, None, None
    for value in _VALUES.findall(whole):
        name, *parameters = [part.strip() for part in _PARTS.findall(value)] or [""]
        if not _TYPE.fullmatch(name) or name == "*/*":
            continue
        own = _charset(parameters)
        media, first = (media, first) if name == media else (name, own)
        charset = own or first
    return (media, charset) if media else (None, _charset(part.strip() for part in whole.split(";")[1:]))


def _charset(parameters: Iterable[str]) -> str | None:
    named = (one[8:].strip(" \"'") for one in parameters if one.startswith("charset="))
    return next((name for name in named if name), None)
