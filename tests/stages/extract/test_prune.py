import time
from copy import copy

import pytest
from lxml import html as lxml_html
from lxml.etree import tostring
from trafilatura.htmlprocessing import convert_tags, tree_cleaning
from trafilatura.main_extractor import prune_unwanted_sections
from trafilatura.settings import TAG_CATALOG

from stages.extract import passes, prune

TAGS = {*TAG_CATALOG, "table", "td", "th", "tr"}


def parsed(body):
    return lxml_html.document_fromstring(f"<html><head><title>t</title></head><body>{body}</body></html>")


@pytest.mark.parametrize("options", [passes.BALANCED, passes.RECALL])
def test_the_prepared_tree_is_trafilaturas(made, options):
    for seed in range(150):
        tree = lxml_html.document_fromstring(made(seed))
        own = convert_tags(tree_cleaning(copy(tree), options), options, None)
        assert tostring(prune.prepared(tree, options)) == tostring(own), seed


@pytest.mark.parametrize(
    ("options", "teasers"), [(passes.BALANCED, False), (passes.BALANCED, True), (passes.RECALL, True)]
)
def test_the_pruned_tree_is_trafilaturas(made, options, teasers):
    for seed in range(150):
        tree = prune.prepared(lxml_html.document_fromstring(made(seed)), options)
        own = copy(tree)
        prune.prune(tree, options, teasers=teasers)
        prune_unwanted_sections(own, TAGS, options, keep_teasers=teasers)
        assert tostring(tree) == tostring(own), seed


def test_the_page_itself_is_left_alone():
    tree = parsed("<nav>a</nav><p>b</p>")
    before = tostring(tree)
    prune.prepared(tree, passes.BALANCED)
    assert tostring(tree) == before


TEXT = "A sentence that says something of some length. " * 9


def test_one_within_another_of_its_kind_hides_none_of_the_others():
    tree = parsed(f"<p>{TEXT}</p><nav>a<nav>b</nav></nav><p>{TEXT}</p><nav>c</nav>")
    assert prune.cleaned(tree, passes.BALANCED).find(".//nav") is None


def test_where_cleaning_leaves_next_to_nothing_trafilaturas_own_is_asked():
    tree = parsed(
        f"<button>a<button>b</button></button><div><aside>x<aside>y</aside></aside><aside><p>{TEXT}</p></aside></div>"
    )
    assert "A sentence" in prune.cleaned(tree, passes.BALANCED).text_content()


def test_a_form_around_the_page_is_a_frame_and_others_go():
    found = prune.cleaned(parsed(f"<form><p>{TEXT}</p></form><form><p>Sign in</p></form>"), passes.BALANCED)
    assert "A sentence" in found.text_content()
    assert "Sign in" not in found.text_content()


def test_what_holds_most_of_the_text_is_not_discarded():
    tree = parsed(f"<div class='sidebar'><p>{TEXT}</p></div><div class='author'>Name</div>")
    prune.prune(tree, passes.BALANCED, teasers=False)
    assert "A sentence" in tree.text_content()
    tree = parsed(f"<div class='sidebar'><p>Short</p></div><div><p>{TEXT}</p></div>")
    prune.prune(tree, passes.BALANCED, teasers=False)
    assert "Short" not in tree.text_content()


def test_appended_articles_go_and_comments_are_named():
    tree = parsed("<div class='infinite-scroll'><p>next</p></div><div id='comments'><p>a comment</p></div><p>text</p>")
    comments = prune.comments_of(tree)
    assert [element.get("id") for element in comments] == ["comments"]
    assert "next" not in tree.text_content()
    assert "a comment" not in prune.without(tree, comments).text_content()


def test_scripts_and_styles_go_and_what_follows_them_stays():
    data = '<script type="application/ld+json">{"a": 1}</script>'
    tree = prune.without_scripts(parsed(f"a<script>b</script>c<style>d</style><p>e<style>f</style>g</p>{data}h"))
    assert "".join(tree.find("body").itertext()) == 'aceg{"a": 1}h'
    assert [script.get("type") for script in tree.iter("script")] == ["application/ld+json"]
    assert tree.find(".//style") is None


@pytest.mark.slow
def test_a_list_of_links_takes_time_by_its_length_and_not_by_the_square():
    def seconds(n):
        tree = prune.prepared(parsed("<ul>" + "<li><a href=x>word</a>" * n + f"</ul><p>{TEXT}</p>"), passes.BALANCED)
        start = time.process_time()
        prune.prune(tree, passes.BALANCED, teasers=False)
        return time.process_time() - start

    assert min(seconds(16_000) for _ in range(2)) < 15 * min(seconds(2_000) for _ in range(3))
