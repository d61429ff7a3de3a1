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
_TYPED = XPath("boolean(.//*[contains(@itemtype, '/QAPage') or contains(@itemtype, '/DiscussionForumPosting')])")
_SOFTWARE = XPath(
    "boolean(self::html[@id='XF' or starts-with(@class, 'XenForo')]"
    " | .//body[@id='phpbb' or @id='ipsLayout_body' or contains(@class, 'ipsApp') or contains(@class, 'vbulletin')])"
)
_ADDRESS_MAX = 500


def is_thread(tree: Any, url: str) -> bool:
    """Whether the page says of itself, or its address says, that it is a thread of posts, or questions and answers."""
    return bool(_by_address(url) or _by_generator(tree) or _by_data(tree) or _SOFTWARE(tree) or _TYPED(tree))


def _by_address(url: str) -> bool:
    try:
        parts = urlsplit(url[:_ADDRESS_MAX])
    except ValueError:
        return False
    return _ADDRESS.search(parts.netloc + parts.path) is not None


def _by_generator(tree: Any) -> bool:
    return any(_GENERATOR.match(meta.get("content") or "") for meta in tree.iterfind(".//meta[@name='generator']"))


def _by_data(tree: Any) -> bool:
    scripts = tree.iterfind(".//script[@type='application/ld+json']")
    return any(script.text and _TYPES.search(script.text) for script in scripts)
