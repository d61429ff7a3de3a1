from copy import copy

import pytest
from lxml import html as lxml_html
from lxml.etree import tostring
from trafilatura.htmlprocessing import convert_tags, tree_cleaning
from trafilatura.main_extractor import extract_content
from trafilatura.settings import Extractor
from trafilatura.xml import xmltotxt

from stages.extract import passes

SEEDS = range(200)


def theirs(tree, options):
    return extract_content(convert_tags(tree_cleaning(copy(tree), options), options, None), options)


def same(page, options):
    tree = lxml_html.document_fromstring(page)
    before = tostring(tree)
    body, text = passes.content(tree, options)
    own, own_text = theirs(tree, options)
    assert tostring(tree) == before
    return (xmltotxt(body, False), text) == (xmltotxt(own, False), own_text)


@pytest.mark.parametrize("options", [passes.BALANCED, passes.RECALL, Extractor(comments=True, fast=True)])
def test_the_passes_give_the_text_of_trafilaturas_own(made, options):
    assert [seed for seed in SEEDS if not same(made(seed), options)] == []


def test_on_real_pages_too(real_pages):
    assert [page.url for page in real_pages if not same(page.text, passes.BALANCED)] == []


def test_little_is_short_and_a_small_share_of_the_page():
    assert passes.is_little((None, "x" * 100), 501)
    assert not passes.is_little((None, "x" * 100), 500)
    assert not passes.is_little((None, ""), 500)
    assert not passes.is_little((None, "x" * 3000), 10**6)
