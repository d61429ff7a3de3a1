import pytest

from stages.extract import tags


def test_elements_that_close_by_themselves_do_not_nest():
    page = b"<ul>" + b"<li>a<br><p>b<img src=x>" * 900 + b"</ul>"
    assert tags.size(page, 10_000, 1000) == (1 + 4 * 900, 1)


def test_closing_tags_that_open_nothing_hide_no_depth():
    page = (b"<div>" * 600 + b"</x>" * 600) * 3
    assert tags.size(page, 10_000, 500) == (1800, 1800)


def test_depth_of_a_page_with_few_tags_is_not_counted():
    assert tags.size(b"<div>" * 50, 100, 100) == (50, 0)


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_every_tag_is_counted_wherever_a_page_is_cut(shift):
    page = b" " * shift + b"<p>x</p>" * 777 + b"</div>" * 13
    assert tags.size(page, 10_000, 10_000) == (777, 0)
    assert tags.size(page, 10_000, 100)[0] == 777


def test_the_rough_depth_is_an_upper_bound():
    page = b"<div>" * 150 + b"<p>x</p>" * 500 + b"</div>" * 150
    n_tags, depth = tags.size(page, 10_000, 300)
    assert n_tags == 650
    assert 150 <= depth <= 300


@pytest.mark.parametrize("place", [0, 1, 24_999, 49_999, 50_001, 120_000])
def test_a_flood_of_attributes_is_found_wherever_it_stands(place):
    flood = b"<a " + b" ".join(b"a%d" % i for i in range(20_000)) + b">"
    page = b"x" * place + flood + b"<p>x</p>" + b"y" * 60_000
    assert tags.size(page, 10**9, 10**9)[0] == 2 + 20_001**2 // 1000


def test_long_text_is_no_flood_of_attributes():
    assert tags.size(b"<p>" + b"word " * 40_000, 10**9, 10**9) == (1, 0)
    assert tags.size(b"word " * 40_000 + b"<p>x", 10**9, 10**9) == (1, 0)
