import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.tokens import count_tokens, words

ALPHABET = "abZ1.,:'\"_- \t\n\rאב中あアー한글٣½Ⓐ·‘’\u0301\u200d\u00ad\u202f\uff9eℹ😀🇩กé#…"
TEXTS = st.one_of(st.text(alphabet=ALPHABET, max_size=30), st.text(max_size=30))
HOLDS = regex.compile(r"(?V1)[[\p{L}\p{N}]--[\p{WB=Extend}\p{WB=Format}]]")


def counted(text: str) -> int:
    return int(count_tokens([text])[0])


@given(TEXTS)
@settings(deadline=None, max_examples=100)
def test_the_kernel_counts_what_the_reference_lists(text: str) -> None:
    assert counted(text) == len(words(text))


@given(st.text(alphabet="abZ1.,:'\"_- \nאב中あ한٣é", max_size=40))
@settings(deadline=None, max_examples=100)
def test_without_invisible_marks_the_reference_is_the_regex_module(text: str) -> None:
    segments = regex.split(r"(?V1w)\b", text)
    assert words(text) == [s for s in segments if HOLDS.search(s)]


def test_words_by_hand() -> None:
    assert words("The quick (“brown”) fox can’t jump 32.3 feet, right?") == [
        *("The", "quick", "brown", "fox", "can’t", "jump", "32.3", "feet", "right"),
    ]
    assert words("snake_case x-y 3a a.b 1.a") == ["snake_case", "x", "y", "3a", "a.b", "1", "a"]
    assert words("… -- ## ' \n") == []


def test_a_cjk_character_counts_one_and_hangul_joins() -> None:
    assert words("日本語") == ["日", "本", "語"]
    assert words("カメラ ｶﾒﾗ") == ["カ", "メ", "ラ", "ｶ", "ﾒ", "ﾗ"]
    assert words("한국어 책") == ["한국어", "책"]
    assert [counted(t) for t in ("日本語", "カメラ", "한국어 책", "GPT模型2个")] == [3, 3, 2, 5]


def test_marks_are_invisible_beside_a_mid_mark() -> None:
    """WB4 with WB6 and WB7: a soft hyphen behind the middle dot changes nothing."""
    assert words("a·\u00adb") == ["a·\u00adb"]
    assert counted("a·\u00adb") == 1


def test_hebrew_quotes_join() -> None:
    assert words('צה"ל') == ['צה"ל']
    assert counted('צה"ל') == 1
    assert counted('a"b') == 2


def test_shape_type_and_surrogates() -> None:
    found = count_tokens(["", "a b", "\ud800"])
    assert found.dtype.name == "int64"
    assert found.tolist() == [0, 2, 0]
