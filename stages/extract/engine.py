"""A page's main text: which engine is asked, and whose text is taken. Runs in the sandbox's child; knows no record.

Two engines read each page: resiliparse's rules, in two milliseconds, as a second opinion, and trafilatura's, step by
step, so that its costly steps (readability, a second try that favours recall) are taken only where the first step and
the second opinion differ. On threads its fast mode runs, with comments, since there they are the content.
"""

import logging
from copy import copy
from typing import Any

from lxml.etree import Element, ElementDefaultClassLookup, HTMLParser, LxmlError, fromstring, tostring
from lxml.html import HtmlComment, HtmlElement, HtmlProcessingInstruction
from trafilatura.baseline import baseline
from trafilatura.external import sanitize_tree, try_readability
from trafilatura.utils import trim
from trafilatura.xml import xmltotxt

from stages.extract import html as pages
from stages.extract import passes, posts
from stages.extract.encodings import text_in
from stages.extract.html import Reading
from stages.extract.pages import Extraction, Look, Page
from stages.extract.passes import RETRY_GAIN, SHORT, Found
from stages.extract.prune import comments_of, without, without_scripts
from stages.extract.shelf import Shelf
from stages.extract.threads import is_declared, is_thread

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it quotes pages

# Chosen on one half of three public page sets, reported on the other: DECISIONS.md, "Extraction".
DOUBT = 0.4  # a text shorter than this share of the second opinion may be a part of the main text
YIELD = 0.25  # and below this one, if it is no longer than YIELD_MAX, the second opinion is taken instead
YIELD_MAX = 1000  # characters: a longer text is an article, and what the other has more of are its comments
THREAD_YIELD = 0.4  # the same on a thread, where comments are the content
AGREED = 0.75  # of the longer of two texts
PART = 0.6  # of the second opinion: what is shorter lacks something
SAME = 0.95  # of it: what is longer lacks nothing
GAIN = 1.25  # times as long as the first try
TOO_MUCH = 2.5  # times as long as the second opinion
MUCH = 2.0  # times as long

THREAD = "trafilatura-thread"
_FAULTS = (LxmlError, ValueError, AttributeError, TypeError, KeyError, IndexError, RecursionError)
_PARSER = HTMLParser(encoding="utf-8", collect_ids=False, default_doctype=False, remove_comments=True, remove_pis=True)
# lxml.html looks a class up in Python for every element that is touched; here all elements are of one.
_PARSER.set_element_class_lookup(
    ElementDefaultClassLookup(element=HtmlElement, comment=HtmlComment, pi=HtmlProcessingInstruction)
)
_SHELF = Shelf()


def answer(page: Page) -> Look | Extraction:
    """Do one page's task. What the look makes of a page is kept a while for the text, which is the same without it."""
    if page.task == "look":
        reading = pages.read(page.body, page.charset)
        _SHELF.put(page.doc_id, page.body, reading)
        return pages.look(reading, page.max_nodes, page.max_depth)
    return main_text(_SHELF.take(page.doc_id, page.body) or _as_looked_at(page), page.url)


def _as_looked_at(page: Page) -> Reading:
    """A page in the encoding that its look found; judged again, it might get another one, and the text would depend on
    whether the shelf still holds the page. Judged only where no look names one.
    """
    if page.charset is None:
        return pages.read(page.body, None)
    return Reading(text_in(page.body, page.charset), page.charset)


def main_text(page: Reading, url: str) -> Extraction:
    """Extract the main text of a decoded page. Text and title are NFC and clean; an empty text is no failure.

    `extractor` says who found it: `trafilatura`, `trafilatura-thread`, `resiliparse` where trafilatura found little or
    nothing, or `page` (all text of the page) where both found nothing. Never `deduplicate=True`: it remembers pages.
    """
    text, extractor = _trafilatura(page, url)
    text = pages.tidy(text)
    if _gives_way(len(text), extractor, page):
        text, extractor = page.second_opinion, "resiliparse"
    if not text:
        text, extractor = pages.tidy(page.shown), "page"
    return Extraction(text, pages.title(page.html), extractor)


def _gives_way(n_own: int, extractor: str, page: Reading) -> bool:
    """Whether an engine's text of so many characters gives way to the second opinion."""
    if extractor == THREAD:
        return _is_part(n_own, THREAD_YIELD, page)
    return n_own < YIELD_MAX and _is_part(n_own, YIELD, page)


def _is_part(n_own: int, share: float, page: Reading) -> bool:
    """Whether so many characters are less than a share of the second opinion. That is no longer than the text of the
    whole page, which is there from the look: on half of the pages it need not be asked.
    """
    return n_own < share * len(page.everything) and n_own < share * len(page.second_opinion)


def _trafilatura(page: Reading, url: str) -> tuple[str, str]:
    """(text, extractor); no text where the engine stumbles."""
    extractor = "trafilatura"
    try:
        tree = fromstring(page.washed, _PARSER)
        comments = comments_of(tree)
        if is_thread(tree, url, page.washed):
            extractor = THREAD
            return posts.text(without_scripts(tree), len(page.shown), declared=is_declared(tree)), extractor
        return _article(without(without_scripts(tree), comments), page), extractor
    except _FAULTS:
        return "", extractor


def _article(tree: Any, page: Reading) -> str:
    """The steps of trafilatura's default order, the costly ones on demand, justext never."""
    found = passes.content(tree)
    if not found[1] and len(page.second_opinion) >= SHORT:
        return _as_text(_where_nothing_is_found(tree, page))
    if len(found[1]) < SHORT <= len(page.second_opinion) and _is_part(len(found[1]), PART, page):
        return ""
    if not found[1] or _is_part(len(found[1]), DOUBT, page) or _is_deficient(found[0]):
        found = _or_readability(found, tree, MUCH)
    if len(found[1]) < SHORT:
        body, text, length = baseline(tree)
        found = (body, text) if length > len(found[1]) else found
    if _is_little(found, page) and not _agree(len(found[1]), len(page.second_opinion)):
        found = _again(found, tree, len(page.second_opinion))
    return _as_text(found)


def _as_text(found: Found) -> str:
    return str(xmltotxt(found[0], False))


def _where_nothing_is_found(tree: Any, page: Reading) -> Found:
    """The second try, if it is the second opinion without what surrounds it; where both found the same, the other has
    better paragraphs.
    """
    again, n_second = passes.content(tree, passes.RECALL), len(page.second_opinion)
    return again if PART * n_second <= len(again[1]) <= SAME * n_second else (Element("body"), "")


def _agree(n_own: int, n_second: int) -> bool:
    """Whether both engines found about as much: then little is missing, however little that is."""
    return AGREED * n_second < n_own < n_second / AGREED


def _is_little(found: Found, page: Reading) -> bool:
    """`everything` is there from the look, and no shorter than what is shown."""
    return passes.is_little(found, len(page.everything)) and passes.is_little(found, len(page.shown))


def _again(found: Found, tree: Any, n_second: int) -> Found:
    """A second try that favours recall, if it gives more and not much more than the second opinion; readability is
    asked where it does not.
    """
    again, least = passes.content(tree, passes.RECALL), max(GAIN * len(found[1]), SHORT + len(found[1]))
    if len(again[1]) <= least:
        again = _or_readability(again, tree, RETRY_GAIN)
    elif SHORT <= n_second < len(again[1]) / TOO_MUCH:
        return found
    return again if len(again[1]) > least else found


def _is_deficient(body: Any) -> bool:
    """No text in paragraphs, or more tables than paragraphs: it may have taken a frame for the content."""
    return not body.xpath(".//p//text()") or len(body.findall(".//table")) > len(body.findall(".//p"))


def _or_readability(found: Found, tree: Any, gain: float) -> Found:
    """Take readability's main text where it is to be preferred, by trafilatura's rules for that."""
    other = try_readability(copy(tree))
    text = trim(tostring(other, method="text", encoding="unicode"))
    n_own, n_other = len(found[1]), len(text)
    if n_other in (0, n_own) or n_own > MUCH * n_other:
        return found
    much_longer = n_other > gain * n_own and not text.startswith("{")
    if n_own == 0 or much_longer or (MUCH * SHORT < n_other < n_own and _is_deficient(found[0])):
        body, clean = sanitize_tree(other, passes.BALANCED)
        return body, clean
    return found
