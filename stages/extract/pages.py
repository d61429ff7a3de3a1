"""What goes to the page reader and what comes back: plain values that cross a process boundary.

Knows neither the reader nor the process: a hostile page may crash, hang or fill whatever reads it, and then the answer
is a Failure that someone else wrote.
"""

from dataclasses import dataclass
from typing import Literal


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
