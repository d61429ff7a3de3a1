"""The text of a thread, where what looks like comments is the content: trafilatura's fast mode with comments, by steps.

Follows its core (Apache-2.0, A. Barbaresi). Knows neither the page's bytes nor what makes it a thread.
"""

from copy import copy
from typing import Any

from lxml.etree import Element, strip_tags
from trafilatura.baseline import baseline
from trafilatura.htmlprocessing import convert_tags, handle_textnode, prune_unwanted_nodes
from trafilatura.settings import TAG_CATALOG, Extractor
from trafilatura.xml import delete_element, xmltotxt
from trafilatura.xpaths import COMMENTS_DISCARD_XPATH

from stages.extract import passes
from stages.extract.prune import COMMENTS, cleaned, comments_of, prepared, without

POSTS = Extractor(output_format="txt", comments=True, fast=True)
RECALL = Extractor(output_format="txt", comments=True, fast=True, recall=True)
Tree = Any  # lxml's element


def text(tree: Tree, whole: int, *, declared: bool) -> str:
    """The text of a thread and its comments. `whole`: characters of the page; `declared`: it is one by schema.org's
    DiscussionForumPosting, and the posts are the body.
    """
    first = cleaned(tree, POSTS)
    backup = copy(first) if declared else None
    start = convert_tags(first, POSTS, None)
    comments = _comments(start)
    held = None
    if declared and len(comments):
        start, held, comments = convert_tags(backup, POSTS, None), comments, Element("body")

    def again() -> Tree:
        """What `start` was before the rules consumed it."""
        tree_again = prepared(tree, POSTS)
        if held is None:
            _comments(tree_again)
        return tree_again

    found = passes.content_of(start, again, POSTS)
    found, held = _rescued(found, tree, whole, held, declared=declared, has_comments=len(comments) > 0)
    if held is not None:
        _salvage(found[0], held)
    return f"{xmltotxt(found[0], False)}\n{xmltotxt(comments, False)}".strip()


def _comments(tree: Tree) -> Tree:
    """extract_comments: the comments of the first container that gives some, which is removed."""
    body = Element("body")
    for container in COMMENTS.captured(tree):
        container = prune_unwanted_nodes(container, COMMENTS_DISCARD_XPATH)
        strip_tags(container, "ref", "span")
        for element in container.xpath(".//*"):
            made = handle_textnode(element, POSTS, comments_fix=True) if element.tag in TAG_CATALOG else None
            if made is not None:
                made.attrib.clear()
                body.append(made)
        if len(body) > 0:
            delete_element(container, keep_tail=False)
            break
    return body


def _rescued(
    found: passes.Found, tree: Tree, whole: int, held: Tree | None, *, declared: bool, has_comments: bool
) -> tuple[passes.Found, Tree | None]:
    """Another text where the rules found little, and the posts that are still to be looked for in it."""
    if len(found[1]) < passes.SHORT:
        body, plain, length = baseline(tree)
        if length > len(found[1]):
            found, held = (body, plain), None
    if not passes.is_little(found, whole):
        return found, held
    pruned = tree if declared else _without_comments(copy(tree), lists=has_comments)
    again = passes.content(pruned, RECALL)
    if len(again[1]) >= passes.SHORT and len(again[1]) > passes.RETRY_GAIN * len(found[1]):
        return again, None
    return found, held


def _without_comments(tree: Tree, *, lists: bool) -> Tree:
    """A page without its comments; without its lists of comments if these had been found."""
    return without(tree, [e for e in comments_of(tree) if lists or e.tag not in ("ol", "ul")])


def _salvage(body: Tree, posts: Tree) -> None:
    """Append the posts that the body lacks."""
    there = "\n".join(filter(None, map(passes.plain, body)))
    body.extend([post for post in posts if (plain := passes.plain(post)) and plain not in there])
