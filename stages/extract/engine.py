"""A page's main text. The only door to trafilatura; runs in the sandbox's child and knows no record, rule or table.

Two engines read each page: resiliparse's rules, in two milliseconds, as a second opinion, and trafilatura's, step by
step, so that its costly steps (readability, a second try that favours recall) are taken only where the first step and
the second opinion differ. On threads its fast mode runs, with comments, since there they are the content.
"""

import logging
from copy import copy
from typing import Any

from lxml.etree import ElementDefaultClassLookup, HTMLParser, LxmlError, fromstring, tostring
from lxml.html import HtmlComment, HtmlElement, HtmlProcessingInstruction
from trafilatura import extract
from trafilatura.baseline import baseline
from trafilatura.external import sanitize_tree, try_readability
from trafilatura.htmlprocessing import convert_tags, prune_unwanted_nodes, tree_cleaning
from trafilatura.main_extractor import extract_content
from trafilatura.settings import Extractor
from trafilatura.utils import trim
from trafilatura.xml import xmltotxt
from trafilatura.xpaths import RAW_TREE_PRUNE_XPATH, REMOVE_COMMENTS_AND_LISTS_XPATH

from stages.extract import html as pages
from stages.extract.html import SecondOpinion
from stages.extract.pages import Extraction, Look, Page
from stages.extract.threads import is_thread

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it quotes pages
logging.getLogger("htmldate").setLevel(logging.CRITICAL)

# Chosen on one half of three public page sets, reported on the other: DECISIONS.md, "Extraction".
DOUBT = 0.6  # a text shorter than this share of the second opinion may be a part of the main text
YIELD = 0.25  # and below this one, if it is no longer than YIELD_MAX, the second opinion is taken instead
YIELD_MAX = 1000  # characters: a longer text is an article, and what the other has more of are its comments
THREAD_YIELD = 0.4  # the same on a thread, where comments are the content
# trafilatura's own bounds for its second try: a short text that covers little of the page
SHORT = 250
RETRY_BELOW = 3000
RETRY_SHARE = 0.2
RETRY_GAIN = 1.5
MUCH = 2.0  # times as long

THREAD = "trafilatura-thread"
_APPENDED = ("infinite", "mvp-post-add", "elementor-share")  # without one of these, RAW_TREE_PRUNE_XPATH finds nothing
_FAULTS = (LxmlError, ValueError, AttributeError, TypeError, KeyError, IndexError, RecursionError)
_PARSER = HTMLParser(encoding="utf-8", collect_ids=False, default_doctype=False, remove_comments=True, remove_pis=True)
# lxml.html looks a class up in Python for every element that is touched; here all elements are of one.
_PARSER.set_element_class_lookup(
    ElementDefaultClassLookup(element=HtmlElement, comment=HtmlComment, pi=HtmlProcessingInstruction)
)
Found = tuple[Any, str]  # trafilatura's tree of the main text, and its text


def answer(page: Page) -> Look | Extraction:
    """Do one page's task."""
    if page.task == "look":
        return pages.look(page.body, page.charset, page.max_nodes, page.max_depth)
    return main_text(pages.decode(page.body, page.charset)[0], page.url)


def main_text(html: str, url: str) -> Extraction:
    """Extract the main text of a decoded page. Text and title are NFC and clean; an empty text is no failure.

    `extractor` says who found it: `trafilatura`, `trafilatura-thread`, `resiliparse` where trafilatura found little or
    nothing, or `page` (all text of the page) where both found nothing. Never `deduplicate=True`: it remembers pages.
    """
    page = pages.clean(html)
    second = SecondOpinion(page)
    text, extractor = _trafilatura(page, url, second)
    text = pages.tidy(text)
    if len(text) < _least(extractor, second):
        text, extractor = second.text, "resiliparse"
    if not text:
        text, extractor = pages.tidy(second.whole), "page"
    return Extraction(text, pages.title(html), extractor)


def _least(extractor: str, second: SecondOpinion) -> float:
    """Characters below which the engine's text gives way to the second opinion."""
    if extractor == THREAD:
        return THREAD_YIELD * len(second.text)
    return min(YIELD_MAX, YIELD * len(second.text))


def _trafilatura(html: str, url: str, second: SecondOpinion) -> tuple[str, str]:
    """(text, extractor); no text where the engine stumbles."""
    try:
        tree = fromstring(html.encode(), _PARSER)
        if is_thread(tree, url):
            return extract(tree, url=url or None, fast=True, deduplicate=False) or "", THREAD
        if any(sign in html for sign in _APPENDED):
            tree = prune_unwanted_nodes(tree, RAW_TREE_PRUNE_XPATH)
        return _article(tree, second), "trafilatura"
    except _FAULTS:
        return "", "trafilatura"


def _article(tree: Any, second: SecondOpinion) -> str:
    """The steps of trafilatura's default order, the costly ones on demand, justext never."""
    tree = prune_unwanted_nodes(tree, REMOVE_COMMENTS_AND_LISTS_XPATH)
    found = _content(tree, "balanced")
    if not found[1] and len(second.text) >= SHORT:
        return ""  # where its rules find nothing, what follows is a guess without paragraphs
    if len(found[1]) < max(SHORT, DOUBT * len(second.text)) or _is_deficient(found[0]):
        found = _or_readability(found, tree, MUCH)
    if len(found[1]) < SHORT:
        body, text, length = baseline(tree)
        found = (body, text) if length > len(found[1]) else found
    if 0 < len(found[1]) < RETRY_BELOW and len(found[1]) < RETRY_SHARE * len(second.whole):
        again = _or_readability(_content(tree, "recall"), tree, RETRY_GAIN)
        found = again if len(again[1]) > max(SHORT, RETRY_GAIN * len(found[1])) else found
    return str(xmltotxt(found[0], False))


def _options(focus: str) -> Extractor:
    return Extractor(output_format="txt", comments=False, dedup=False, recall=focus == "recall")


def _content(tree: Any, focus: str) -> Found:
    """What trafilatura's own rules find on a copy of the tree."""
    options = _options(focus)
    cleaned = convert_tags(tree_cleaning(copy(tree), options), options, None)
    body, text = extract_content(cleaned, options)
    return body, text


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
    if n_own == 0 or much_longer or (n_other > MUCH * SHORT and _is_deficient(found[0])):
        body, clean = sanitize_tree(other, _options("balanced"))
        return body, clean
    return found
