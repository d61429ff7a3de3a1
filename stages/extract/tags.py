"""How large and how deep a page is, told from its tags before anything parses it.

Parsers take quadratic time in the depth of a page (100,000 nested elements: 8 s) and in the attributes of an element.
Knows bytes in an encoding that keeps ASCII, and no text.
"""

import re
from collections.abc import Iterator

_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Elements that never hold others, or that the next of their kind closes: unclosed ones do not nest.
_FLAT = frozenset(
    b"a area base body br button col colgroup dd dt embed h1 h2 h3 h4 h5 h6 head hr html img input li link meta nobr"
    b" optgroup option p param rp rt source tbody td tfoot th thead tr track wbr".split()
)
_SEGMENTS = 16
_LONG_TAG = 50_000  # bytes


def size(page: bytes, max_nodes: int, max_depth: int) -> tuple[int, int]:
    """(elements, depth) as the tags tell them. A depth that cannot exceed `max_depth` is told as a rough upper bound.

    Tags flooded with attributes count for more than one element. Depth counts the tags that are open, without those
    that close by themselves. A page that misleads these counts is left to the limits of the process that parses it.
    """
    opened, closed = _counts(page)
    n_tags = sum(opened) + _attribute_floods(page)
    if n_tags <= max_depth or n_tags > max_nodes:
        return n_tags, 0
    rough = _rough_depth(opened, closed)
    return n_tags, rough if rough <= max_depth else _open_tags(page)


def _counts(page: bytes) -> tuple[list[int], list[int]]:
    """Tags that open and tags that close, in segments of equal length."""
    step = len(page) // _SEGMENTS + 1
    starts = range(0, len(page), step)
    closed = [page.count(b"</", start, start + step + 1) for start in starts]
    return [page.count(b"<", start, start + step) - n for start, n in zip(starts, closed)], closed


def _rough_depth(opened: list[int], closed: list[int]) -> int:
    """An upper bound from counts over segments: what was open before, and all that a segment opens."""
    still_open = deepest = 0
    for opens, closes in zip(opened, closed):
        deepest = max(deepest, still_open + opens)
        still_open = max(0, still_open + opens - closes)
    return deepest


def _attribute_floods(page: bytes) -> int:
    """What tags of extreme length weigh, in elements: parsers compare each attribute with all before it (300,000 in
    one tag: minutes), so k attributes weigh k squared, one element for a thousand comparisons.
    """
    return sum(len(tag.split()) ** 2 // 1000 for tag in _long_tags(page) if tag[:1].isalpha())


def _long_tags(page: bytes) -> Iterator[bytes]:
    """What stands in tags of at least _LONG_TAG bytes; most of a page is passed over in long steps."""
    start = 0
    while start + _LONG_TAG < len(page):
        last = page.rfind(b"<", start + 1, start + 1 + _LONG_TAG)
        if last < 0:
            last = page.find(b"<", start + 1 + _LONG_TAG)
            last = len(page) if last < 0 else last
            if page[start : start + 1] == b"<" and len(tag := page[start + 1 : last].partition(b">")[0]) >= _LONG_TAG:
                yield tag
        start = last


def _open_tags(page: bytes) -> int:
    """How many tags are open at once at most. A closing tag counts where one of its name is open."""
    depth = deepest = 0
    opened: dict[bytes, int] = {}
    for closing, name in _TAG.findall(page):
        tag = name.lower()
        if tag in _FLAT or (closing and not opened.get(tag)):
            continue
        step = -1 if closing else 1
        opened[tag] = opened.get(tag, 0) + step
        depth += step
        deepest = max(deepest, depth)
    return deepest
