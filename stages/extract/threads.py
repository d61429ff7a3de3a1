"""Is a page a thread, where what looks like comments is the content? Told from its parsed tree and its address.

Knows no engine. Signs are a page's own statements (schema.org types, its generator, marks that forum software puts on
html and body) and words of the address; a page without any of them is none.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from lxml.etree import XPath

_WORDS = "forums?|boards?|threads?|topics?|questions?|viewtopic|showthread|showtopic|discuss(?:ions?)?|comments"
_ADDRESS = re.compile(rf"(?:^|[^a-z])(?:{_WORDS})(?:[^a-z]|$)|/[tr]/", re.IGNORECASE)
_GENERATOR = re.compile(
    r"(?:Discourse|phpBB|XenForo|vBulletin|Invision|IP\.Board|MyBB|SMF|NodeBB|Flarum|Vanilla|Lemmy)\b", re.IGNORECASE
)
_TYPES = re.compile(r'"(?:DiscussionForumPosting|QAPage)"')  # https://schema.org/DiscussionForumPosting, /QAPage
_POSTING = re.compile(r'"@type"\s*:\s*(?:"DiscussionForumPosting"|\[[^\]]*"DiscussionForumPosting")')
_TYPED = ("/QAPage", "/DiscussionForumPosting")
_ITEMTYPES = XPath(".//@itemtype", smart_strings=False)
_ADDRESS_MAX = 500


def is_thread(tree: Any, url: str, page: bytes) -> bool:
    """Whether the page says of itself, or its address says, that it is a thread of posts, or questions and answers.

    `page` are the bytes of which the tree was made.
    """
    return (
        _by_address(url)
        or _by_generator(tree)
        or _by_data(tree, _TYPES)
        or _by_software(tree, page)
        or _by_type(tree, page)
    )


def is_declared(tree: Any) -> bool:
    """Whether its data say DiscussionForumPosting."""
    return _by_data(tree, _POSTING)


def _by_address(url: str) -> bool:
    try:
        parts = urlsplit(url[:_ADDRESS_MAX])
    except ValueError:
        return False
    return _ADDRESS.search(parts.netloc + parts.path) is not None


def _by_generator(tree: Any) -> bool:
    return any(
        meta.get("name") == "generator" and _GENERATOR.match(meta.get("content") or "") for meta in tree.iter("meta")
    )


def _by_data(tree: Any, types: re.Pattern[str]) -> bool:
    return any(
        script.text is not None and types.search(script.text) is not None
        for script in tree.iter("script")
        if script.get("type") == "application/ld+json"
    )


def _by_software(tree: Any, page: bytes) -> bool:
    if tree.tag == "html" and (tree.get("id") == "XF" or tree.get("class", "").startswith("XenForo")):
        return True
    if b"lemmy-site" in page and any(div.get("class") == "lemmy-site" for div in tree.iter("div")):
        return True
    return any(
        body.get("id") in ("phpbb", "ipsLayout_body")
        or "ipsApp" in body.get("class", "")
        or "vbulletin" in body.get("class", "")
        for body in tree.iter("body")
    )


def _by_type(tree: Any, page: bytes) -> bool:
    return b"itemtype" in page and any(mark in value for value in _ITEMTYPES(tree) for mark in _TYPED)
