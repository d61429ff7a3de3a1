import codecs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.extract import encodings
from stages.extract.encodings import decode, text_in

RUSSIAN = "Привет, мир. Это довольно длинный текст на русском языке."
POLISH = "Zażółć gęślą jaźń; pchnąć w tę łódź jeża lub ośm skrzyń fig. Święta Bożego Narodzenia."
FRENCH = "Où est né l'élève ? Ça dépend : à Noël, il était déjà là, près du théâtre."
JAPANESE = "これは日本語で書かれた文章です。カタカナも漢字もあります。" * 2
CHINESE = "春天来了，公园里的花开得很漂亮。孩子们在草地上放风筝，老人坐在长椅上聊天。"
TRADITIONAL = "春天來了，公園裡的花開得很漂亮。孩子們在草地上放風箏，老人坐在長椅上聊天。"
KOREAN = "봄이 오면 공원에 꽃이 핀다. 아이들은 잔디밭에서 연을 날리고 어른들은 벤치에 앉아 이야기한다."
GREEK = "Το πάρκο είναι ανοιχτό όλη την ημέρα και τα παιδιά παίζουν κοντά στη λίμνη."
THAI = "สวนสาธารณะเปิดทุกวันและเด็กเล่นว่าวอยู่ใกล้ทะเลสาบในตอนเย็น"


def meta(label, text):
    return f'<meta charset="{label}"><p>{text}</p>'


@pytest.mark.parametrize(
    ("body", "charset", "encoding", "by"),
    [
        (codecs.BOM_UTF8 + RUSSIAN.encode(), "windows-1251", "utf-8", "bom"),
        (codecs.BOM_UTF16_LE + RUSSIAN.encode("utf-16-le"), "utf-8", "utf-16-le", "bom"),
        (RUSSIAN.encode("cp1251"), "windows-1251", "cp1251", "http"),
        (meta("koi8-r", RUSSIAN).encode("cp1251"), "windows-1251", "cp1251", "http"),
        (meta("windows-1251", RUSSIAN).encode("cp1251"), None, "cp1251", "meta"),
        (meta("windows-1251", RUSSIAN).encode("cp1251"), "no-such-charset", "cp1251", "meta"),
        (f"<?xml version='1.0' encoding='iso-8859-2'?><p>{POLISH}".encode("iso8859-2"), None, "iso8859-2", "meta"),
        (b"<!-- <meta charset=koi8-r> -->" + meta("windows-1251", RUSSIAN).encode("cp1251"), None, "cp1251", "meta"),
        (meta("utf-16", RUSSIAN).encode(), None, "utf-8", "meta"),
        (RUSSIAN.encode("cp1251"), None, "cp1251", "detected"),
        (RUSSIAN.encode(), None, "utf-8", "bytes"),
        (b"<p>only ascii", None, "utf-8", "bytes"),
        (b"<p>only ascii", "iso-8859-1", "cp1252", "http"),
        (meta("utf-8", RUSSIAN).encode("utf-16-be"), None, "utf-16-be", "bytes"),
    ],
)
def test_mark_then_http_then_meta_then_bytes(body, charset, encoding, by):
    found = decode(body, charset)
    assert (found.encoding, found.by) == (encoding, by)
    assert (RUSSIAN in found.text) or (POLISH in found.text) or "only ascii" in found.text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((RUSSIAN, name) for name in ("cp1251", "koi8-r", "iso8859-5")),
        *((POLISH, name) for name in ("cp1250", "iso8859-2")),
        (FRENCH, "cp1252"),
        *((GREEK, name) for name in ("cp1253", "iso8859-7")),
        *((THAI, name) for name in ("cp874",)),
        *((JAPANESE, name) for name in ("cp932", "euc_jp", "iso2022_jp")),
        (CHINESE, "gb18030"),
        (TRADITIONAL, "big5hkscs"),
        (KOREAN, "cp949"),
    ],
)
@pytest.mark.parametrize("charset", [None, "utf-8"])
def test_what_nobody_or_a_refuted_declaration_names_is_found_in_the_bytes(text, encoding, charset):
    page = f"<html><title>page</title><p>{text}</p></html>"
    found = decode(page.encode(encoding), charset)
    assert found.text == page
    assert found.fix == (None if charset is None or encoding == charset else "not_as_declared")


def test_a_wrong_declaration_is_passed_over_where_the_bytes_refute_it():
    assert decode(f"<p>{FRENCH}".encode(), "iso-8859-1")[1:] == ("utf-8", "bytes", "not_as_declared")
    assert decode(f"<p>{POLISH}".encode("iso8859-2"), "iso-8859-1")[1:3] == ("iso8859-2", "detected")
    assert decode(f"<p>{RUSSIAN}".encode("koi8-r"), "iso-8859-1")[1:3] == ("koi8-r", "detected")
    both = decode(meta("windows-1251", RUSSIAN).encode("cp1251"), "iso-8859-1")
    assert both[1:] == ("cp1251", "meta", None)


def test_a_few_faults_refute_nothing():
    body = f"<p>{RUSSIAN}".encode() + b"\xff\xfe"
    found = decode(body, "utf-8")
    assert (found.encoding, found.by, found.fix, found.text.count("\ufffd")) == ("utf-8", "http", None, 2)
    mixed = "<p>don’t für über</p>".encode() * 9 + b"don\x92t f\xfcr"
    assert [decode(mixed, charset).encoding for charset in ("utf-8", "iso-8859-1", None)] == [
        "utf-8",
        "cp1252",
        "utf-8",
    ]
    assert decode(RUSSIAN.encode() + "я".encode()[:1], None).encoding == "utf-8"


def test_bytes_that_are_no_text_stay_unreadable():
    assert decode(b"<p>" + b"\xff" * 100, "utf-8").text.count("\ufffd") == 100


def test_a_declaration_that_fits_is_kept_even_if_another_would_fit_too():
    assert decode(f"<p>{FRENCH}".encode("cp1252"), "windows-1252")[1:] == ("cp1252", "http", None)
    assert decode("猫毛".encode("gbk"), "gbk").text == "猫毛"  # valid UTF-8 by chance


@pytest.mark.parametrize(
    "label",
    [
        "euc-jp",
        "shift_jis",
        "gb2312",
        "latin1",
        "iso-8859-5",
        "ks_c_5601-1987",
        "utf-16",
        "big5",
        "tis-620",
        "x-sjis",
        "hz-gb-2312",
        "iso-2022-kr",
        "x-mac-cyrillic",
    ],
)
def test_the_name_of_an_encoding_names_it_again(label):
    first = decode(b"abc", label).encoding
    assert decode(b"abc", first).encoding == first


LABELS = [None, "utf-8", "gbk", "latin1", "utf-16", "koi8-r", "big5", "shift_jis", "iso-2022-jp", "cp932", "no-such"]
MARKS = [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE]


@st.composite
def pages(draw):
    """A page's bytes: what it says of its encoding, and what it is in, need not agree; some is cut off or no text."""
    label, text = draw(st.sampled_from(LABELS)), draw(st.sampled_from([RUSSIAN, POLISH, JAPANESE, CHINESE, "it’s"]))
    words = text.encode(draw(st.sampled_from(["utf-8", "cp1251", "cp932", "gb18030", "utf-16-le"])), "ignore")
    said = f'<meta charset="{label}">'.encode() if label else b""
    body = draw(st.sampled_from(MARKS)) + said + b"<p>" + words + draw(st.binary(max_size=20))
    return body[: len(body) - draw(st.integers(0, 3))]


@given(st.one_of(st.binary(max_size=300), pages()), st.sampled_from(LABELS))
@example(POLISH.encode("iso8859-2"), "iso-8859-1")
@example(RUSSIAN.encode("koi8-r"), "utf-8")
@example(b"\xe1\x80\x80", "gbk")
@example(meta("iso-8859-1", "it’s over").encode(), "big5")
@example(codecs.BOM_UTF8 + "я".encode()[:1], None)
@example("я".encode() + "я".encode()[:1], None)
@example(("привет".encode().decode("cp1252", "replace") * 3).encode(), "utf-8")
@settings(max_examples=300, deadline=None)
def test_in_the_encoding_that_was_found_the_text_is_the_same(body, charset):
    found = decode(body, charset)
    assert text_in(body, found.encoding) == found.text


def test_a_text_in_a_known_encoding_is_not_judged():
    body = meta("windows-1251", RUSSIAN).encode()
    assert decode(body, "windows-1251").encoding == "utf-8"
    assert text_in(body, "cp1251") == body.decode("cp1251", "replace")
    with pytest.raises(LookupError):
        text_in(body, "no-such-encoding")


def test_text_of_labels_from_servers_is_read_as_browsers_read_it():
    assert decode(b"\x87\x40", "shift_jis").text == "①"
    assert decode(b"\x80", "iso-8859-1").text == "€"
    assert decode("겝".encode("cp949"), "euc-kr").text == "겝"
    assert encodings.decode(b"caf\xe9", "x-user-defined").text == "café"
