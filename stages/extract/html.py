"""A page as clean text, and a cheap look at it. The only door to resiliparse's trees; knows no record and no engine.

Whatever two readers of a page need (its bytes washed, resiliparse's tree, the text of the whole page) is made once.
"""

import re
import unicodedata
from functools import cached_property
from html import unescape
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.extract.encodings import decode as decode
from stages.extract.pages import Look, Signals
from stages.extract.provenance import of_page
from stages.extract.tags import size

HEAD_CHARS = 1000  # of page text: enough to tell a language
MIN_WINDOW = 200  # characters of a window that may speak against a page
_CONTROLS = bytes(c for c in range(0x20) if c not in b"\t\n\r") + b"\x7f"
_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TITLE = re.compile(r"<title[^>]{0,500}>([^<]{0,2000})", re.IGNORECASE)
_TITLE_HEAD = 1 << 18
TITLE_MAX = 500
_BLANKS = re.compile(r"\n{3,}")
# First bytes of characters below U+0800 and of U+2000 to U+2FFF, and the bytes that follow a first one.
_SPACED = bytes(range(0xE0)) + b"\xe2"
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


def clean(text: str) -> str:
    """NFC without control characters (but newline and tab), lone surrogates, non-characters and carriage returns."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNCLEAN.sub("", text))


def tidy(text: str) -> str:
    """`clean`, no blanks at the end of lines, at most one empty line in a row, none at either end."""
    lines = "\n".join(line.rstrip() for line in clean(text).split("\n"))
    return _BLANKS.sub("\n\n", lines).strip()


class Reading:
    """A page as the engines read it: each form of it is made once, when somebody asks for it."""

    def __init__(self, html: str, encoding: str = "utf-8", by: str = "", fix: str | None = None) -> None:
        self.html, self.encoding, self.by, self.fix = html, encoding, by, fix

    @cached_property
    def washed(self) -> bytes:
        """UTF-8 without what XML cannot hold; lines end in newlines."""
        page = self.html.encode("utf-8", "ignore").translate(None, _CONTROLS)
        if b"\r" in page:
            page = page.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        for character in ("\ufffe", "\uffff"):
            if character in self.html:
                page = page.replace(character.encode(), b"")
        return page

    @cached_property
    def _tree(self) -> Any:  # noqa: ANN401  (resiliparse's types are not checked)
        return HTMLTree.parse_from_bytes(self.washed, "utf-8")

    @cached_property
    def signals(self) -> Signals:
        """What the page says about itself."""
        return of_page(self._tree)

    @cached_property
    def everything(self) -> str:
        """The text of the whole page: some sites keep theirs in noscript, alt texts, form fields or comments."""
        return str(extract_plain_text(self._tree, noscript=True, alt_texts=True, form_fields=True, comments=True))

    @cached_property
    def second_opinion(self) -> str:
        """What resiliparse takes for the main text, comments included: a check on the engine, and its stand-in."""
        return tidy(str(extract_plain_text(self._tree, main_content=True, alt_texts=False, comments=True)))

    @cached_property
    def shown(self) -> str:
        """All text that the page shows, noscript included."""
        return str(extract_plain_text(self._tree, noscript=True, alt_texts=False, comments=True))


def read(body: bytes, charset: str | None) -> Reading:
    """A page's bytes, decoded."""
    return Reading(*decode(body, charset))


def look(page: Reading, max_nodes: int, max_depth: int) -> Look:
    """The cheap look at a page. Beyond the bounds the page is not parsed: its text is empty and n_words null."""
    n_nodes, depth = size(page.washed, max_nodes, max_depth)
    form = (page.encoding, page.html.count("\ufffd"), len(page.html), n_nodes, depth)
    if n_nodes > max_nodes or depth > max_depth:
        return Look(*form, "", None, encoding_by=page.by, encoding_fix=page.fix)
    whole = page.everything
    texts = (_window(whole.lstrip()), words(whole), *_further_windows(whole))
    encoding = (page.by, page.fix)
    return Look(*form, *texts, *encoding, n_letters=len("".join(whole.split())), signals=page.signals)


def _window(text: str) -> str:
    return clean(text[: 2 * HEAD_CHARS])[:HEAD_CHARS]


def _further_windows(whole: str) -> tuple[str, str]:
    """(a window after the first, or the end of a short text; the longest line); blank where there is little text."""
    text = whole.strip()
    if len(text) < 2 * MIN_WINDOW:
        return "", ""
    middle = text[max(len(text) // 2, min(HEAD_CHARS, len(text) - MIN_WINDOW)) :]
    return _window(middle), _window(max(text.split("\n"), key=len))


def words(text: str) -> int:
    """Words between blanks; a character of a script that sets no blanks counts one. Rather too many than too few."""
    return len(text.split()) + (len(_UNSPACED.findall(text)) if text.encode().translate(None, _SPACED) else 0)


def title(html: str) -> str | None:
    """The first title element near the start of the page, in one line of at most TITLE_MAX characters."""
    found = _TITLE.search(html[:_TITLE_HEAD])
    return " ".join(clean(unescape(found[1])).split())[:TITLE_MAX] or None if found else None
