import polars as pl

from stages.quality.signals import c4


def value(signal: str, text: str, language: str = "en") -> object:
    frame = pl.DataFrame({"text": [text], "language": [language], "n_tokens": [1]})
    return frame.select(getattr(c4, signal)()).item()


def test_sentences_are_counted_in_the_lines_that_c4_keeps() -> None:
    assert value("sentence_count", "One is the first here. Two is next!\nA line without a mark at all\nToo short.") == 2
    assert value("sentence_count", 'He said "that it was over." Then he really left…') == 2
    assert value("sentence_count", "Please enable JavaScript to view this page. Thank you.") == 0
    assert value("sentence_count", "Read our privacy policy before you go on, please.") == 0
    assert value("sentence_count", "It costs 3.14 dollars at example.com for all of us.") == 1


def test_sentences_are_undefined_where_words_have_no_spaces() -> None:
    assert value("sentence_count", "これは文です。", "ja") is None


def test_lorem_ipsum() -> None:
    assert value("lorem_ipsum", "Lorem  Ipsum dolor") is True
    assert value("lorem_ipsum", "lorem dolor ipsum") is False


def test_curly_bracket() -> None:
    assert value("curly_bracket", "if (x) { }") is True
    assert value("curly_bracket", "if (x) [ ]") is False


def test_line_shares() -> None:
    text = "Enable javaScript now\nwe use cookies\nPrivacy Policy\nfine"
    assert value("javascript_line_share", text) == 0.25
    assert value("policy_line_share", text) == 0.5
    assert value("policy_line_share", "use cookies") is None
