"""A page's main text. The only door to trafilatura; runs in the sandbox's child and knows no record, rule or table."""

import logging

from lxml.etree import LxmlError
from trafilatura import extract

from stages.extract import html as pages
from stages.extract.pages import Extraction, Look, Page

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it quotes pages
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def answer(page: Page) -> Look | Extraction:
    """Do one page's task."""
    if page.task == "look":
        return pages.look(page.body, page.charset, page.max_nodes, page.max_depth)
    return main_text(pages.decode(page.body, page.charset)[0], page.url)


def main_text(html: str, url: str) -> Extraction:
    """Extract the main text of a decoded page.

    trafilatura's fast mode without comments: on one public set F1 .962 against .953 for its defaults, at 1.4 to 1.6
    times the speed. Never `deduplicate=True`: it remembers earlier pages. Where trafilatura finds nothing,
    resiliparse's main content. Text and title are NFC and clean; an empty text is no failure.
    """
    title = pages.title(html)
    if text := pages.tidy(_trafilatura(pages.clean(html), url) or ""):
        return Extraction(text, title, "trafilatura")
    return Extraction(pages.tidy(pages.main_content(html)), title, "resiliparse")


def _trafilatura(html: str, url: str) -> str | None:
    try:
        text: str | None = extract(
            html, url=url or None, fast=True, include_comments=False, include_tables=True, deduplicate=False
        )
    except (LxmlError, ValueError, AttributeError, TypeError, KeyError, IndexError, RecursionError):
        return None  # a page that the engine stumbles on is one it finds nothing on
    return text
