from stages.extract import shelf
from stages.extract.html import Reading
from stages.extract.shelf import Shelf


def test_what_was_put_is_taken_once():
    held, page = Shelf(), Reading("<p>x</p>")
    held.put("a", b"x", page)
    assert held.take("b", b"x") is None
    assert held.take("a", b"x") is page
    assert held.take("a", b"x") is None


def test_another_page_of_the_same_name_is_not_handed_out():
    held = Shelf()
    held.put("a", b"x", Reading("x"))
    assert held.take("a", b"y") is None


def test_the_oldest_go_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(shelf, "MAX_PAGES", 2)
    held = Shelf()
    for name in "abc":
        held.put(name, b"x", Reading(name))
    assert [held.take(name, b"x") is not None for name in "abc"] == [False, True, True]


def test_the_oldest_go_where_there_are_too_many_bytes(monkeypatch):
    monkeypatch.setattr(shelf, "MAX_BYTES", 5)
    held = Shelf()
    held.put("a", b"xxx", Reading("a"))
    held.put("b", b"yyy", Reading("b"))
    assert held.take("a", b"xxx") is None
    assert held.take("b", b"yyy") is not None
    held.put("c", b"zzzzzz", Reading("c"))
    assert held.take("c", b"zzzzzz") is None
    held.put("d", b"xxxxx", Reading("d"))
    assert held.take("d", b"xxxxx") is not None


def test_a_page_put_again_counts_once(monkeypatch):
    monkeypatch.setattr(shelf, "MAX_BYTES", 5)
    held = Shelf()
    held.put("a", b"xx", Reading("a"))
    for _ in range(5):
        held.put("b", b"yyy", Reading("b"))
    assert held.take("a", b"xx") is not None
