"""A page's bytes as clean text, and a cheap look at it. The only door to resiliparse; knows no record and no engine.

Bounds that only need the bytes come first: nodes and depth are estimated from the tags, since parsers take quadratic
time in the depth of a page (100,000 nested elements: 8 s) and in the attributes of an element.
"""

import codecs
import re
import unicodedata
from functools import cached_property
from html import unescape
from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLTree

from stages.extract.pages import Look

HEAD_CHARS = 1000  # of page text: enough to tell a language
MIN_WINDOW = 200  # characters of a window that may speak against a page
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META_HEAD = 4096
_META = re.compile(rb"<meta[^>]{0,256}?charset\s*=\s*[\"']?\s*([a-zA-Z0-9_:.\-]{2,40})", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TITLE = re.compile(r"<title[^>]{0,500}>([^<]{0,2000})", re.IGNORECASE)
_TITLE_HEAD = 1 << 18
TITLE_MAX = 500
_BLANKS = re.compile(r"\n{3,}")
# Elements that never hold others, or that the next of their kind closes: unclosed ones do not nest.
_FLAT = frozenset(
    {"a", "area", "base", "body", "br", "button", "col", "colgroup", "dd", "dt", "embed", "h1", "h2", "h3", "h4", "h5"}
    | {"h6", "head", "hr", "html", "img", "input", "li", "link", "meta", "nobr", "optgroup", "option", "p", "param"}
    | {"rp", "rt", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr"}
)
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
_SEGMENTS = 16
_LONG_TAG = 50_000  # characters


def decode(body: bytes, charset: str | None) -> tuple[str, str]:
    """(text, encoding) of a page: by byte order mark, then HTTP's charset, then the page's own meta, then the bytes.

    A stated encoding that does not exist is passed over. Faulty bytes become U+FFFD: nothing raises.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace"), encoding
    stated = _META.search(body[:_META_HEAD])
    names = (charset, _meta(stated[1]) if stated else None, detect_encoding(body))
    encoding = next((known for name in names if (known := _known(name))), "utf-8")
    return body.decode(encoding, "replace"), encoding


def _meta(label: bytes) -> str:
    """A page that could be read as far as its meta is not in UTF-16 whatever it says (HTML standard, 13.2.3.2)."""
    name = label.decode("ascii").lower()
    return "utf-8" if name.startswith("utf-16") else name


def _known(name: str | None) -> str | None:
    """The encoding that browsers read under this label, if Python has it too."""
    label = map_encoding_to_html5(name, False) if name else None
    try:
        return codecs.lookup(label).name if label else None
    except LookupError:
        return None


def clean(text: str) -> str:
    """NFC without control characters (but newline and tab), lone surrogates, non-characters and carriage returns."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _UNCLEAN.sub("", text))


def tidy(text: str) -> str:
    """`clean`, no blanks at the end of lines, at most one empty line in a row, none at either end."""
    lines = "\n".join(line.rstrip() for line in clean(text).split("\n"))
    return _BLANKS.sub("\n\n", lines).strip()


def look(body: bytes, charset: str | None, max_nodes: int, max_depth: int) -> Look:
    """The cheap look at a page. Beyond the bounds the page is not parsed: its text is empty and n_words null."""
    html, encoding = decode(body, charset)
    n_nodes, depth = size(html, max_nodes, max_depth)
    form = (encoding, html.count("\ufffd"), len(html), n_nodes, depth)
    if n_nodes > max_nodes or depth > max_depth:
        return Look(*form, "", None)
    whole = page_text(html)
    return Look(*form, _window(whole.lstrip()), words(whole), *_further_windows(whole))


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
    return len(text.split()) + (0 if text.isascii() else len(_UNSPACED.findall(text)))


def size(html: str, max_nodes: int, max_depth: int) -> tuple[int, int]:
    """(elements, depth) as the tags tell them. A depth that cannot exceed `max_depth` is told as a rough upper bound.

    Tags flooded with attributes count for more than one element. Depth counts the tags that are open, without those
    that close by themselves. A page that misleads these counts is left to the limits of the process that parses it.
    """
    n_tags = html.count("<") - html.count("</") + _attribute_floods(html)
    if n_tags <= max_depth or n_tags > max_nodes:
        return n_tags, 0
    rough = _rough_depth(html)
    return n_tags, rough if rough <= max_depth else _open_tags(html)


def _attribute_floods(html: str) -> int:
    """What tags of extreme length weigh, in elements: parsers compare each attribute with all before it (300,000 in
    one tag: minutes), so k attributes weigh k squared, one element for a thousand comparisons.
    """
    if len(html) < _LONG_TAG:
        return 0
    long = (part.partition(">")[0] for part in html.split("<") if len(part) >= _LONG_TAG)
    return sum(len(tag.split()) ** 2 // 1000 for tag in long if len(tag) >= _LONG_TAG and tag[0].isalpha())


def _rough_depth(html: str) -> int:
    """An upper bound from counts over segments: what was open before, and all that a segment opens."""
    step = len(html) // _SEGMENTS + 1
    still_open = deepest = 0
    for start in range(0, len(html), step):
        end = start + step
        closed = html.count("</", start, end)
        opened = html.count("<", start, end) - closed - html.count("<!", start, end)
        deepest = max(deepest, still_open + opened)
        still_open = max(0, still_open + opened - closed)
    return deepest


def _open_tags(html: str) -> int:
    """How many tags are open at once at most. A closing tag counts where one of its name is open."""
    depth = deepest = 0
    opened: dict[str, int] = {}
    for closing, name in _TAG.findall(html):
        tag = name.lower()
        if tag in _FLAT or (closing and not opened.get(tag)):
            continue
        step = -1 if closing else 1
        opened[tag] = opened.get(tag, 0) + step
        depth += step
        deepest = max(deepest, depth)
    return deepest


def page_text(html: str) -> str:
    """The text of the whole page: some sites keep theirs in noscript, alt texts, form fields or comments."""
    return str(extract_plain_text(_tree(html), noscript=True, alt_texts=True, form_fields=True, comments=True))


class SecondOpinion:
    """What resiliparse takes for the main text, comments included: a check on the engine, and its stand-in."""

    def __init__(self, html: str) -> None:
        self._tree = _tree(html)
        self.text = tidy(str(extract_plain_text(self._tree, main_content=True, alt_texts=False, comments=True)))

    @cached_property
    def whole(self) -> str:
        """All text that the page shows, noscript included; read when somebody asks for it."""
        return str(extract_plain_text(self._tree, noscript=True, alt_texts=False, comments=True))


def title(html: str) -> str | None:
    """The first title element near the start of the page, in one line of at most TITLE_MAX characters."""
    found = _TITLE.search(html[:_TITLE_HEAD])
    return " ".join(clean(unescape(found[1])).split())[:TITLE_MAX] or None if found else None


def _tree(html: str) -> Any:  # noqa: ANN401  (resiliparse's types are not checked)
    return HTMLTree.parse(html.replace("\x00", ""))
