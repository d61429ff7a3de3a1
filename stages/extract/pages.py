"""What goes to the page reader and what comes back: plain values that cross a process boundary.

Knows neither the reader nor the process: a hostile page may crash, hang or fill whatever reads it, and then the answer
is a Failure that someone else wrote.
"""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Page:
    """A page to look at (`task` look) or to extract (`task` text). `charset` is what HTTP or the look says it is."""

    doc_id: str
    url: str
    body: bytes
    charset: str | None
    task: Literal["look", "text"]
    max_nodes: int
    max_depth: int


@dataclass(frozen=True)
class Signals:
    """What one page says, as plain values. Strings are clean and at most 300 long; null where it says nothing."""

    page_date: str | None = None  # YYYY-MM-DD
    page_date_by: str | None = None  # meta, json-ld or time
    canonical: str | None = None
    licence: str | None = None  # as SPDX names it where it is Creative Commons, else as the page gives it
    licence_by: str | None = None  # rel, json-ld, meta or link
    wishes: tuple[str, ...] = ()  # noai, noindex, tdm_reservation …: see stages/extract/provenance.py; sorted
    tdm_policy: str | None = None
    hidden_chars: int = 0  # characters but blanks that a style or an attribute hides
    hidden_by: tuple[str, ...] = ()  # attribute, aria, display, size, place or colour, sorted


@dataclass(frozen=True)
class Look:
    """What a page is at a glance. `n_nodes` and `depth` are estimates from its tags; no text where they exceed."""

    encoding: str
    n_replaced: int  # U+FFFD that decoding put in
    n_chars: int
    n_nodes: int
    depth: int
    text: str  # the beginning of the whole page's text, enough to tell its language
    n_words: int | None  # of the whole page's text
    middle: str = ""  # a second window of that text; blank where it is too short for two
    block: str = ""  # the beginning of its longest line
    encoding_by: str = ""  # bom, http, meta, bytes or detected: see stages/extract/encodings.py
    encoding_fix: str | None = None  # what had to be set right
    n_letters: int = 0  # characters but blanks of the whole page's text
    signals: Signals = Signals()


@dataclass(frozen=True)
class Extraction:
    """A page's main text (NFC, clean), its title and which engine found it; text is empty where none did."""

    text: str
    title: str | None
    extractor: str


@dataclass(frozen=True)
class Failure:
    """A page that could not be read. `detail` names class and task, never page text."""

    kind: Literal["engine_crashed", "engine_timeout", "engine_memory"]
    detail: str


Answer = Look | Extraction | Failure


def from_plain(kind: str, fields: dict[str, Any]) -> Answer:
    """An answer from its name and plain values, as JSON has them."""
    if kind == "Extraction":
        return Extraction(**fields)
    if kind == "Failure":
        return Failure(**fields)
    said: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in fields.pop("signals").items()}
    return Look(**fields, signals=Signals(**said))
