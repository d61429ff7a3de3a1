import pytest

from stages.extract import guess


def test_as_utf8():
    assert guess.as_utf8("é".encode()) == "é"
    assert guess.as_utf8(b"a\xe9") == "a"
    assert guess.as_utf8(b"a\xe9 b") is None


def test_n_sequences_counts_characters_of_several_bytes():
    assert guess.n_sequences("aé日😀b".encode()) == 3


@pytest.mark.parametrize(("body", "encoding", "sound"), [(b"\x93", "cp1252", True), (b"\x81", "cp1252", False)])
def test_is_sound(body, encoding, sound):
    assert guess.is_sound(body, encoding) is sound


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Straße und Größe, über Öl", "cp1252"),
        ("“quotes” — and ’more’", "cp1252"),
        ("tea £2, cake £3, chairs £40, hall £120", "cp1252"),
        ("ığdır'da şöyle güneşli bir gün için", "cp1254"),
        ("šiandien žmonės būna laimingi, kai šviečia saulė", "cp1257"),
        ("שלום לכולם היום יום יפה מאוד בפארק ליד האגם", "cp1255"),
        ("الحديقة مفتوحة كل يوم والأطفال يلعبون قرب البحيرة", "cp1256"),
    ],
)
def test_guess_by_alphabet(text, encoding):
    found = guess.guess(text.encode(encoding))
    assert found is not None
    assert text.encode(encoding).decode(found) == text


def test_noise_is_no_language():
    assert guess.guess(bytes(range(128, 256)) * 4) is None


def test_a_detector_is_heard_where_no_alphabet_fits():
    body = "<p>💎—© 元搭建 🎨🎨 ú ú ú’</p>".encode("gb18030") * 3
    assert guess.guess(body) is None
    assert guess.guess(body, "gb18030") == "gb18030"
    assert guess.guess(body, "cp932") != "cp932"
    assert guess.guess("Straße und Größe, über Öl".encode("cp1252"), "gb18030") == "cp1252"
