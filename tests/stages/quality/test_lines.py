import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.edits import apply_table
from stages.quality.lines import RULES, edits

LINES = st.sampled_from(
    ["", "Enable JavaScript", "we use cookies", "A é full line of words.", "no mark here at all", "x"]
)


def removed(text: str, *rules: str) -> str:
    documents = pl.DataFrame({"doc_id": ["a"], "text": [text]})
    return apply_table(documents, edits(documents, rules))["text"][0]


@given(st.lists(LINES, max_size=8))
@settings(deadline=None, max_examples=60)
def test_lines_that_match_go_and_the_others_stay(lines: list[str]) -> None:
    left = removed("\n".join(lines), "javascript", "policy").rstrip("\n")
    kept = [x for x in lines if "JavaScript" not in x and "cookies" not in x]
    assert left == "\n".join(kept).rstrip("\n")


def test_spans_are_code_points_and_end_inside_the_text() -> None:
    documents = pl.DataFrame({"doc_id": ["a"], "text": ["äöü 😀\nuse cookies"]})
    assert edits(documents, ["policy"]).rows() == [("a", 6, 17, None, "policy")]


def test_the_first_rule_names_the_kind() -> None:
    documents = pl.DataFrame({"doc_id": ["a"], "text": ["javascript"]})
    assert edits(documents, ["short", "javascript"])["kind"].to_list() == ["short"]


def test_each_rule_by_hand() -> None:
    text = "JavaScript is needed here, friends.\nSee the Terms of Use for all details.\nLorem ipsum dolor sit amet!\n"
    text += "This line has no end\nFour words are few.\nThis line is kept as it is."
    assert removed(text, *RULES) == "This line is kept as it is."
    assert removed("a b c d e", "short") == "a b c d e"
    assert removed("a b c d", "short") == ""


def test_no_rule_no_edit() -> None:
    documents = pl.DataFrame({"doc_id": ["a"], "text": ["javascript"]})
    assert edits(documents, ()).is_empty()
