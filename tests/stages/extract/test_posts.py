import pytest
from lxml import html as lxml_html
from trafilatura import extract, html2txt
from trafilatura.xml import xmltotxt

from stages.extract import passes, posts
from stages.extract.threads import is_declared

DECLARED = '<script type="application/ld+json">{"@type": "DiscussionForumPosting"}</script></head>'
TEXTS = [f"Post number {i} says something of some length about the matter at hand, and then it ends." for i in range(9)]


def text_of(page):
    tree = lxml_html.document_fromstring(page)
    return posts.text(tree, len(html2txt(tree)), declared=is_declared(tree))


def theirs(page):
    return extract(lxml_html.document_fromstring(page), fast=True, deduplicate=False) or ""


@pytest.mark.parametrize("head", ["</head>", DECLARED])
def test_the_text_of_trafilaturas_fast_mode_with_comments(made, head):
    pages = [made(seed).replace("</head>", head) for seed in range(150)]
    pages = [page for page in pages if "infinite" not in page and "mvp-post" not in page and "elementor" not in page]
    assert [page for page in pages if text_of(page) != theirs(page)] == []


def thread(head="", first=5):
    comments = "".join(f"<div class='comment'><p>{text}</p></div>" for text in TEXTS[1:])
    article = f"<article><p>{TEXTS[0] * first}</p></article><div class='comment-list'>{comments}</div>"
    return f"<html><head><title>t</title>{head}</head><body>{article}</body></html>"


@pytest.mark.parametrize("head", ["", DECLARED.replace("</head>", "")])
def test_posts_are_there_once(head):
    found = text_of(thread(head))
    assert [found.count(text) for text in TEXTS] == [5] + 8 * [1]


@pytest.mark.parametrize("head", ["", DECLARED.replace("</head>", "")])
def test_a_short_first_post_is_looked_for_again_on_the_same_tree(head):
    page = thread(head, first=1)
    assert text_of(page) == theirs(page)
    assert all(text in text_of(page) for text in TEXTS)


def test_posts_that_the_rules_left_out_are_appended_to_a_declared_thread(monkeypatch):
    monkeypatch.setattr(passes, "content_of", lambda start, again, options: (start.find(".//article"), "x" * 4000))
    found = text_of(thread(DECLARED.replace("</head>", "")))
    assert TEXTS[8] in found


def test_what_is_taken_instead_of_the_rules_text_has_no_posts_appended(monkeypatch):
    taken = lxml_html.fragment_fromstring("<body><p>all of the page</p></body>", create_parent="body")
    monkeypatch.setattr(passes, "content_of", lambda start, again, options: (start, ""))
    monkeypatch.setattr(posts, "baseline", lambda tree: (taken, xmltotxt(taken, False), 3000))
    assert text_of(thread(DECLARED.replace("</head>", ""))) == "all of the page"
