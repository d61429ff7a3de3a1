"""A parsed page without what is no content, by trafilatura's rules.

What it asks a query per rule for (tags, selectors, links) is found in one walk here, with the same result; the rules
for single elements are its own, as is their order (htmlprocessing, main_extractor; Apache-2.0, A. Barbaresi). Knows no
frame.
"""

from copy import copy
from typing import Any

from lxml.etree import strip_elements, strip_tags
from trafilatura.htmlprocessing import (
    convert_tags,
    is_paragraph_listing,
    link_density_test_tables,
    prune_html,
    prune_unwanted_nodes,
    recover_math,
    tree_cleaning,
)
from trafilatura.settings import MANUALLY_CLEANED, MANUALLY_STRIPPED, Extractor
from trafilatura.utils import LINK_FARM_RATIO
from trafilatura.xml import delete_element
from trafilatura.xpaths import (
    COMMENTS_XPATH,
    OVERALL_DISCARD_XPATH,
    RAW_TREE_PRUNE_XPATH,
    REMOVE_COMMENTS_AND_LISTS_XPATH,
)

from stages.extract.selectors import CAPTION, FIELD, TEASER, Comments, Discards

COMMENTS = Comments(REMOVE_COMMENTS_AND_LISTS_XPATH[0].path, [query.path for query in COMMENTS_XPATH])
LITTLE = 250  # characters of a page
_DISCARDS = Discards(*(query.path for query in OVERALL_DISCARD_XPATH))
_DATA = "schema-org-data"
_REMOVED = [tag for tag in MANUALLY_CLEANED if tag != "form"]
Tree = Any  # lxml's element


def without_scripts(tree: Tree) -> Tree:
    """The tree itself without scripts and styles, which every copy of it would hold; data of schema.org stay."""
    for script in tree.iter("script"):
        if script.get("type") == "application/ld+json":
            script.tag = _DATA
    strip_elements(tree, "script", "style", "link", "meta", with_tail=False)
    for data in tree.iter(_DATA):
        data.tag = "script"
    return tree


def comments_of(tree: Tree) -> list[Tree]:
    """Containers of comments in a page as it was parsed. Whole articles that scripts append to the one that was asked
    for are removed from it on the way.
    """
    comments, has_appended = COMMENTS.find(tree)
    if not has_appended:
        return comments
    prune_unwanted_nodes(tree, RAW_TREE_PRUNE_XPATH)
    return COMMENTS.find(tree)[0]


def without(tree: Tree, elements: list[Tree]) -> Tree:
    """The tree itself without these elements; what follows them stays."""
    for element in elements:
        delete_element(element)
    return tree


def prepared(tree: Tree, options: Extractor) -> Tree:
    """A cleaned and converted copy."""
    return convert_tags(cleaned(tree, options), options, None)


def cleaned(source: Tree, options: Extractor) -> Tree:
    """A copy without what is never text; as tree_cleaning does it, in one walk instead of one per tag."""
    if options.focus == "recall":
        return tree_cleaning(copy(source), options)  # where no paragraph is left, it keeps what it had removed
    tree = copy(source)
    recover_math(tree)
    for element in tree.iter("figure", "table"):
        is_frame = element.tag == "figure" and element.find(".//table") is not None
        if is_frame or (element.tag == "table" and element.get("role") in ("presentation", "none")):
            element.tag = "div"
    strip_tags(tree, MANUALLY_STRIPPED)
    for element in list(tree.iter(_REMOVED)):
        delete_element(element)
    _drop_forms(tree)
    if _is_bare(tree):
        return tree_cleaning(copy(source), options)  # it stops at nested ones of a tag, which may hold the content
    return prune_html(tree, options.focus)


def _is_bare(tree: Tree) -> bool:
    """Whether there are fewer than LITTLE characters of text."""
    left = LITTLE
    for text in tree.itertext():
        left -= len(text.strip())
        if left <= 0:
            return False
    return True


def _drop_forms(tree: Tree) -> None:
    """Forms go, but for one that holds most of the page's text: that is a frame."""
    forms = list(tree.iter("form"))
    total = len(tree.text_content()) if forms else 0
    for form in forms:
        if total and len(form.text_content()) > total / 2:
            form.tag = "div"
        else:
            delete_element(form)


def prune(tree: Tree, options: Extractor, *, teasers: bool) -> None:
    """Remove what is no content below a frame; `teasers` may stay."""
    found = _DISCARDS.find(tree)
    _discard(tree, found[FIELD])
    for element in found[CAPTION] if teasers else found[CAPTION] + found[TEASER]:
        delete_element(element)
    links, removed = _Links(tree), list[Tree]()
    if links.above and _delete_linked(tree, links, removed):
        _delete_linked(tree, links, removed)
    for table in [table for table in tree.iter("table") if table in links.above and link_density_test_tables(table)]:
        delete_element(table, keep_tail=False)
    strip_tags(tree, "span", "ref")
    del links  # before what was removed: lxml looks through all of a tree that is held by its last elements alone


def _discard(tree: Tree, elements: list[Tree]) -> None:
    """Remove the elements, unless they hold more than six sevenths of the text."""
    if not elements:
        return
    held = set(elements)
    outer = [element for element in elements if not any(a in held for a in element.iterancestors())]
    total = len(tree.text_content())
    if total - sum(len(element.text_content()) for element in outer) > total / 7:
        for element in outer:
            delete_element(element)


class _Links:
    """The links below an element, and the elements above them: no others can have too many."""

    def __init__(self, tree: Tree) -> None:
        self.above: set[Tree] = set()
        self._lengths: dict[Tree, int] = {}
        for link in tree.iter("ref"):
            for element in link.iterancestors():
                if element in self.above:
                    break
                self.above.add(element)

    def length(self, link: Tree) -> int:
        """Characters of a link's text."""
        if link not in self._lengths:
            self._lengths[link] = _length(link)
        return self._lengths[link]


def _length(element: Tree) -> int:
    return len(" ".join(element.text_content().split()))


def _delete_linked(tree: Tree, links: _Links, removed: list[Tree]) -> bool:
    """One pass of delete_by_link_density over div, list and p; whether anything was removed, and what."""
    before = len(removed)
    for tag in ("div", "list", "p"):
        doomed = [
            element for element in tree.iter(tag) if element in links.above and _is_all_links(element, tag, links)
        ]
        for element in doomed:
            delete_element(element)
        removed += doomed
    return len(removed) > before


def _is_all_links(element: Tree, tag: str, links: _Links) -> bool:
    below = list(element.iterdescendants("ref"))
    if not below or element.find(".//graphic") is not None:
        return False
    length = _length(element)
    is_dense, is_short = _density(element, tag, length, below, links)
    if not is_dense:
        is_dense = tag == "div" and is_short and len(element) >= 3 and length < 100
    if not is_dense or tag != "p":
        return is_dense
    parent = element.getparent()
    return parent is None or parent.tag not in ("item", "td", "th")


def _density(element: Tree, tag: str, length: int, below: list[Tree], links: _Links) -> tuple[bool, bool]:
    """link_density_test on an element of so many characters: (is boilerplate, is short)."""
    if len(below) == 1 and links.length(below[0]) > max(100, 0.9 * length):
        return True, False
    is_last = element.getnext() is None
    if length < ((60 if is_last else 30) if tag == "p" else 300 if is_last else 100):
        lengths = [n for link in below if (n := links.length(link))]
        few = len(lengths) > 1 and sum(n < 10 for n in lengths) / len(lengths) > 0.8
        return not lengths or sum(lengths) > 0.8 * length or few, True
    if len(below) <= 4:
        return False, False
    lengths = [n for link in below if (n := links.length(link))]
    is_farm = sum(lengths) > length * LINK_FARM_RATIO and sum(lengths) < 100 * len(lengths)
    return is_farm and not is_paragraph_listing(below), False
