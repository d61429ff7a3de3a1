"""What an archive holds, as the reader tells it: records, damaged regions, and the counts that leave no row.

Plain values; knows neither the archive's bytes nor what becomes of a record.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Body:
    """What a block holds. `payload` is decoded; it is empty where `oversize` or `fault` says why."""

    payload: bytes
    content_type: str | None  # media type in lower case, without parameters
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
    """Media type and charset parameter of a Content-Type, in lower case; null where they are not stated."""
    media, _, parameters = (stated or "")[:512].lower().partition(";")
    charset = next((p.strip()[8:] for p in parameters.split(";") if p.strip().startswith("charset=")), "")
    return media.strip() or None, charset.strip(" \"'") or None
