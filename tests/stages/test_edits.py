"""Edits: deletions first, overlapping replacements become their union, the order of rows is irrelevant."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.edits import apply, apply_table

SPAN = st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from([None, "", "X", "YY"]))


def reference(text: str, edits: list[tuple[int, int, str | None]]) -> str:
    """Character by character: what is deleted is gone, a run of replaced characters gives one replacement."""
    gone = {i for s, e, r in edits if not r for i in range(s, min(e, len(text)))}
    spans = sorted(((s, min(e, len(text)), r) for s, e, r in edits if r), key=lambda s: (s[0], -s[1], s[2]))
    owner: dict[int, int] = {}
    unions: list[list[object]] = []
    for s, e, r in spans:
        if s >= e:
            continue
        if unions and s < unions[-1][1]:
            unions[-1][1] = max(unions[-1][1], e)
        else:
            unions.append([s, e, r])
    for n, (s, e, _) in enumerate(unions):
        owner |= dict.fromkeys(range(s, e), n)
    out, said = [], set()
    for i, char in enumerate(text):
        if i in gone:
            continue
        n = owner.get(i)
        if n is None:
            out.append(char)
        elif n not in said:
            said.add(n)
            out.append(unions[n][2])
    return "".join(out)


@given(st.text(alphabet="abcdé漢 ", max_size=30), st.lists(SPAN, max_size=6))
@settings(deadline=None, max_examples=200)
def test_equals_the_character_by_character_reference(text: str, edits: list[tuple[int, int, str | None]]) -> None:
    assert apply(text, edits) == reference(text, edits)


@given(st.text(max_size=30), st.lists(SPAN, max_size=6), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=100)
def test_order_of_rows_is_irrelevant(text: str, edits: list[tuple[int, int, str | None]], random) -> None:
    shuffled = list(edits)
    random.shuffle(shuffled)
    assert apply(text, shuffled) == apply(text, edits)


class Counted(int):
    """A position that counts how often positions are compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) < int(other)

    def __gt__(self, other: int) -> bool:
        return Counted(other) < self

    def __le__(self, other: int) -> bool:
        return not self > other

    def __ge__(self, other: int) -> bool:
        return not self < other


def compared(lines: int) -> int:
    """How many positions are compared where every line has an address to replace and every other one is deleted."""
    line = "menu\nu@x.com\n"
    edits: list[tuple[int, int, str | None]] = []
    for at in range(0, lines * len(line), len(line)):
        edits += [(Counted(at), Counted(at + 5), None), (Counted(at + 5), Counted(at + 12), "mail")]
    Counted.compared = 0
    assert apply(line * lines, edits) == "mail\n" * lines
    return Counted.compared


def test_twice_the_edits_are_about_twice_the_work() -> None:
    assert compared(2_000) < 3 * compared(1_000)


LONG = st.tuples(st.integers(0, 400), st.integers(0, 12), st.sampled_from([None, None, "", "X", "YY"])).map(
    lambda edit: (edit[0], edit[0] + edit[1], edit[2])
)


@given(st.lists(LONG, max_size=120))
@settings(deadline=None, max_examples=100)
def test_many_deletions_and_replacements_equal_the_reference(edits: list[tuple[int, int, str | None]]) -> None:
    text = "abcdé漢 " * 58
    assert apply(text, edits) == reference(text, edits)


def test_a_replacement_inside_a_deletion_vanishes() -> None:
    assert apply("mail me@x.org now", [(5, 13, None), (5, 13, "<mail>")]) == "mail  now"


def test_two_tables_apply_together_and_others_stay() -> None:
    documents = pl.DataFrame({"doc_id": ["a", "b"], "text": ["hello world", "same"], "n": [1, 2]})
    columns = ["doc_id", "start", "end", "replacement"]
    one = pl.DataFrame([("a", 0, 5, None)], schema=columns, orient="row", schema_overrides={"replacement": pl.String})
    two = pl.DataFrame([("a", 6, 11, "all")], schema=columns, orient="row")
    assert apply_table(documents, one, two)["text"].to_list() == [" all", "same"]
    assert apply_table(documents, two, one).equals(apply_table(documents, one, two))


def test_neighbours_that_touch_keep_both_replacements() -> None:
    assert apply("a@x.orgb@y.org", [(0, 7, "<1>"), (7, 14, "<2>")]) == "<1><2>"
