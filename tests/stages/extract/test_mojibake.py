import pytest

from stages.extract.mojibake import repaired

FRENCH = "Ça coûte déjà 5 € — l’été à Noël, © 2024, « où ? »"
POLISH = "Zażółć gęślą jaźń — „w tę łódź” jeża lub ośm skrzyń fig."
RUSSIAN = "Это довольно длинный русский текст о погоде."


def twice(text, reader):
    return "".join(bytes([b]).decode(reader, "ignore") or chr(b) for b in text.encode())


@pytest.mark.parametrize("text", [FRENCH, POLISH, RUSSIAN, "日本語の文章です。漢字もあります。"])
@pytest.mark.parametrize("reader", ["cp1252", "latin-1"])
def test_text_read_as_latin_is_read_back(text, reader):
    wrong = twice(text, reader)
    assert repaired(wrong, wrong.encode()) == text


def test_russian_read_as_windows_1251_is_read_back():
    wrong = twice(RUSSIAN, "cp1251")
    assert repaired(wrong, wrong.encode()) == RUSSIAN


@pytest.mark.parametrize(
    "text",
    [
        FRENCH,
        POLISH,
        RUSSIAN,
        "été » et « né\xa0», « là\xa0» ou “ß” und „Maß“, É» … IRMÃ» AMANHÃ… ESPAÑ… Spaß“",
        "MAÇÃ, MAÇÃ» e IRMÃ…",
        "how often I saw &quot;Ã¤&quot; instead of &quot;ä&quot;",
        "Mojibake such as Ã¤, Ã©, Â© and â€™ has one cause.",
    ],
)
def test_sound_text_and_text_about_faults_stay(text):
    assert repaired(text, text.encode()) == text


def test_sound_parts_of_a_mixed_page_stay():
    page = f"<p>{twice(FRENCH, 'cp1252')}</p><p>déjà « né\xa0» Spaß“</p>"
    assert repaired(page, page.encode()) == f"<p>{FRENCH}</p><p>déjà « né\xa0» Spaß“</p>"
