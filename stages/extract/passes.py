"""trafilatura's rules on a page: the frame that holds the content, what is taken from it, and what is recovered.

Its rules for single elements are called as they are. What surrounds them follows its main_extractor (Apache-2.0, A.
Barbaresi) and gives the same text, but walks the tree once where that asks a query per rule. Decides nothing: which
step is taken, and whose result, is the engine's.
"""

from collections.abc import Callable, Iterator
from typing import Any

from lxml.etree import Element, strip_elements, strip_tags
from trafilatura.htmlprocessing import process_node
from trafilatura.main_extractor import handle_textelem
from trafilatura.settings import (
    DEDUPE_SCAN_CAP,
    INLINE_FORMATTABLE,
    MIN_DUPLICATE_LENGTH,
    TAG_CATALOG,
    Extractor,
)
from trafilatura.utils import text_chars_test, trim
from trafilatura.xml import delete_element
from trafilatura.xpaths import BODY_XPATH

from stages.extract.prune import prepared, prune
from stages.extract.selectors import Frames

BALANCED = Extractor(output_format="txt", comments=False)
RECALL = Extractor(output_format="txt", comments=False, recall=True)
# trafilatura's own bounds for what deserves another try: a short text that covers little of the page
SHORT = 250
RETRY_BELOW = 3000
RETRY_SHARE = 0.2
RETRY_GAIN = 1.5

_FRAMES = Frames([query.path for query in BODY_XPATH])
_TAGS = frozenset({*TAG_CATALOG, "table", "td", "th", "tr"})
_HANDLED = frozenset({"list", "code", "quote", "head", "p", "lb", "hi", "ref", "del", "table"})
_REBUILT = frozenset({"code", "quote", "list", "table"})  # their tails stay behind
_RUN = INLINE_FORMATTABLE | {"lb"}
_ENOUGH = 3 * SHORT  # characters in paragraphs that make text in div elements unlikely
Tree = Any  # lxml's element
Found = tuple[Tree, str]  # a tree of the main text, and its text


def content(tree: Tree, options: Extractor = BALANCED) -> Found:
    """What the rules find on a copy of the tree."""
    return content_of(prepared(tree, options), lambda: prepared(tree, options), options)


def content_of(start: Tree, again: Callable[[], Tree], options: Extractor) -> Found:
    """What the rules find in a converted tree, which they consume; `again` makes it anew, for what they left."""
    order = list(start.iter())
    body, tags = _by_frame(start, options)
    text = _joined(body)
    if len(body) == 0 or len(text) < SHORT:
        backup = again()
        twins = list(backup.iter())
        taken = {twin for element, twin in zip(order, twins, strict=True) if element.tag == "done"}
        _recover(backup, body, tags, taken, options)
        text = _joined(body)
    return _tidied(body), text


def is_little(found: Found, whole: int) -> bool:
    """Whether a text is short and covers little of a page of `whole` characters."""
    return 0 < len(found[1]) < min(RETRY_BELOW, RETRY_SHARE * whole)


def _joined(body: Tree) -> str:
    return " ".join(body.itertext()).strip()


def _by_frame(tree: Tree, options: Extractor) -> tuple[Tree, set[str]]:
    """The elements of the first frame that holds more than one, and the tags that were taken for text."""
    body, tags = Element("body"), set(_TAGS)
    for frame in _FRAMES.find(tree):
        prune(frame, options, teasers=options.focus == "recall")
        if len(frame) == 0:
            continue
        if _has_few_paragraphs(frame):
            tags.add("div")
        _take(frame, body, tags, options)
        if len(body) > 1:
            break
    return body, tags


def _has_few_paragraphs(frame: Tree) -> bool:
    """Whether the whole page has fewer than _ENOUGH characters in paragraphs."""
    left = _ENOUGH
    for paragraph in frame.getroottree().getroot().iter("p"):
        if next(paragraph.iterancestors("p"), None) is None:
            left -= len(paragraph.text_content())
            if left <= 0:
                return False
    return True


def _take(frame: Tree, body: Tree, tags: set[str], options: Extractor) -> None:
    """Append what the rules make of a frame's elements to the body."""
    elements, start, lead = _elements(frame, tags), len(body), None
    if elements != [frame] and text_chars_test(frame.text):
        lead = _paragraph(frame.text, options)
    is_moved = False
    for element in elements:
        tag = element.tag
        if tag not in _HANDLED and not (tag == "div" and ("div" in tags or "w3-code" in element.get("class", ""))):
            continue
        if is_moved and element.getroottree().getroot() is body:
            continue  # within an element that was taken as it is
        tail = element.tail
        made = handle_textelem(element, tags, options)
        if made is not None:
            body.append(made)
            if element.getroottree().getroot() is body:
                is_moved = True
            else:
                element.tag = "done"  # a copy leaves its source behind for a later, wider frame
        if tag in _REBUILT and text_chars_test(tail) and (made is None or made.tail is None):
            rest = _paragraph(tail, options)
            if rest is not None:
                body.append(rest)
    while len(body) > 0 and body[-1].tag in ("head", "ref"):
        delete_element(body[-1], keep_tail=False)
    if len(body) > 1 and lead is not None:
        body.insert(start, lead)


def _elements(frame: Tree, tags: set[str]) -> list[Tree]:
    """The frame's descendants, or itself where it is one run of text."""
    below = list(frame.iterdescendants("*"))
    is_run = frame.tag == "div" and "div" in tags and all(element.tag in _RUN for element in below)
    return [frame] if is_run or (below and all(element.tag == "lb" for element in below)) else below


def _paragraph(text: str, options: Extractor) -> Tree | None:
    paragraph = Element("p")
    paragraph.text = text
    return process_node(paragraph, options)


def _recover(tree: Tree, body: Tree, tags: set[str], taken: set[Tree], options: Extractor) -> None:
    """recover_wild_text: append paragraphs, tables, quotes and code of the whole page that are not there yet."""
    is_recall, wanted = options.focus == "recall", set(tags)
    if is_recall:
        wanted.update(("div", "lb"))
    prune(tree, options, teasers=is_recall or options.fast)
    known = _Known([plain(element) for element in body])
    whole: set[Tree] = set()  # elements taken as they are, which covers what is in them
    for element in list(_wild(tree, is_recall=is_recall)):
        if element in taken or (whole and any(above in whole for above in element.iterancestors())):
            continue
        made = handle_textelem(element, wanted, options)
        if made is None:
            continue
        if made is element:
            whole.add(element)
        if known.is_new(plain(made), made.tail):
            body.append(made)


def _wild(tree: Tree, *, is_recall: bool) -> Iterator[Tree]:
    tags = ("code", "p", "quote", "table", "div", "lb", "list") if is_recall else ("code", "p", "quote", "table", "div")
    for element in tree.iterdescendants(*tags):
        if is_recall or element.tag != "div" or "w3-code" in element.get("class", ""):
            yield element


class _Known:
    """The texts that a body holds already, against which recovered ones are held."""

    def __init__(self, texts: list[str]) -> None:
        self._texts, self._all = set(texts), "\n".join(filter(None, texts))

    def is_new(self, text: str, tail: str | None) -> bool:
        """Whether the text is not there yet; from then on it is."""
        is_searched = len(self._all) <= DEDUPE_SCAN_CAP
        run = trim(text + (tail or "")) if text_chars_test(tail) else ""
        if text and (text in self._texts or (is_searched and self._holds(text, run))):
            return False
        if is_searched:
            self._all += "\n" + (run or text)
        self._texts.add(text)
        return True

    def _holds(self, text: str, run: str) -> bool:
        return (len(text) > MIN_DUPLICATE_LENGTH and text in self._all) or (bool(run) and run in self._all)


def plain(element: Tree) -> str:
    """The text of an element, blanks collapsed."""
    return str(trim("".join(element.itertext())))


def _tidied(body: Tree) -> Tree:
    """Without long texts that repeat the one before, and without marks of the passes."""
    before = None
    for element in list(body):
        text = plain(element)
        if text and text == before and len(text) > MIN_DUPLICATE_LENGTH:
            delete_element(element, keep_tail=False)
        else:
            before = text
    strip_elements(body, "done")
    strip_tags(body, "div")
    for line_break in body.iter("lb"):
        tail = line_break.tail
        if tail and not text_chars_test(tail) and next(line_break.iterancestors("code", "pre"), None) is None:
            line_break.tail = None
    return body
