from copy import copy

import pytest
from lxml import html as lxml_html
from lxml.etree import XPath
from trafilatura import xpaths
from trafilatura.settings import Extractor

from stages.extract.prune import COMMENTS, prepared
from stages.extract.selectors import CAPTION, FIELD, TEASER, Discards, Frames, patterns

DISCARDS = Discards(*(query.path for query in xpaths.OVERALL_DISCARD_XPATH))
FRAMES = Frames([query.path for query in xpaths.BODY_XPATH])
SEEDS = range(150)


def parsed(page):
    return lxml_html.document_fromstring(page)


def converted(page):
    return prepared(parsed(page), Extractor(output_format="txt", comments=False))


def by_queries(queries, tree):
    return [element for query in queries for element in query(tree)]


def test_a_page_of_made_ones_holds_something_for_most_selectors(made):
    trees = [converted(made(seed)) for seed in SEEDS]
    for query in (*xpaths.OVERALL_DISCARD_XPATH, *xpaths.BODY_XPATH, *xpaths.COMMENTS_XPATH[:2]):
        assert any(query(tree) for tree in trees), query.path


@pytest.mark.parametrize(
    ("kind", "queries"),
    [
        (FIELD, xpaths.OVERALL_DISCARD_XPATH),
        (CAPTION, xpaths.DISCARD_IMAGE_ELEMENTS),
        (TEASER, xpaths.TEASER_DISCARD_XPATH),
    ],
)
def test_discards_are_those_of_the_queries(made, kind, queries):
    for seed in SEEDS:
        tree = converted(made(seed))
        found = DISCARDS.find(tree)[kind]
        assert set(found) == set(by_queries(queries, tree))
        assert found == [element for element in tree.iter() if element in set(found)]


def test_frames_are_the_first_elements_of_the_queries(made):
    for seed in SEEDS:
        tree = converted(made(seed))
        assert list(FRAMES.find(tree)) == [found[0] for query in xpaths.BODY_XPATH if (found := query(tree))]


def test_comments_are_those_of_the_queries(made):
    for seed in SEEDS:
        tree = parsed(made(seed))
        found, has_appended = COMMENTS.find(tree)
        assert found == by_queries(xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH, tree)
        assert has_appended or not by_queries(xpaths.RAW_TREE_PRUNE_XPATH, tree)
        clean = converted(made(seed))
        assert list(COMMENTS.captured(clean)) == [
            found[0] for query in xpaths.COMMENTS_XPATH if (found := query(clean))
        ]


@pytest.mark.parametrize(
    ("attributes", "is_discarded"),
    [
        ('id="cookie" class="text"', True),
        ('class="text" id="cookie"', False),
        ('class="text cookie" id="a"', True),
        ('id="a" style="overflow:hidden"', False),
        ('style="overflow:hidden" id="a"', True),
        ('class="a" id="reply-1"', False),
        ('id="reply-1" class="a"', True),
    ],
)
def test_of_two_attributes_the_first_counts(attributes, is_discarded):
    tree = parsed(f"<body><div {attributes}>x</div></body>")
    assert len(DISCARDS.find(tree)[FIELD]) == is_discarded
    assert len(by_queries(xpaths.OVERALL_DISCARD_XPATH, tree)) == is_discarded


def test_lists_are_comments_by_fewer_names_than_containers():
    tree = parsed("<body><ul id=disqus_thread><li>x</li></ul><ol id=comments></ol><div id=disqus_thread>y</div></body>")
    assert [element.tag for element in COMMENTS.find(tree)[0]] == ["ol", "div"]
    assert COMMENTS.find(tree)[0] == by_queries(xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH, tree)


def test_a_value_is_judged_alike_when_it_is_seen_again_and_when_it_is_too_long_to_keep():
    for value in ("sidebar", "x" * 300 + " sidebar"):
        page = f"<body><div class='{value}'>x</div><div class='{value}'>y</div></body>"
        assert len(DISCARDS.find(parsed(page))[FIELD]) == 2


def test_patterns_are_read_from_a_query():
    query = XPath(
        "//a[re:test(@id, 'x') or re:test(@id|@class, 'y') or re:test(@class, 'z', 'i')]", namespaces={"re": "r"}
    )
    found = patterns(query.path)
    assert {name: pattern.pattern for name, pattern in found.items()} == {"id": "x", "id|class": "y", "class": "(?i:z)"}
    assert found["class"].search("Z")


def test_the_tree_itself_is_never_found(made):
    tree = parsed("<body><p>x</p></body>").find("body")
    tree.set("class", "sidebar post comments")
    assert DISCARDS.find(tree) == {FIELD: [], CAPTION: [], TEASER: []}
    assert list(FRAMES.find(copy(tree))) == []
