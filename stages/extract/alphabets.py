"""How languages look in the encodings that have one byte per letter: a weight for each byte beyond ASCII.

Letters are given per language, most frequent first; the first ones weigh more. Knows no page. The letters are those
of the Unicode CLDR's main exemplar characters; their order was taken from counts over sentences of each language.
"""

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

FREQUENT = 10  # letters of a language that weigh double, of scripts where all letters lie beyond ASCII
_WEST, _CENTRAL, _BALTIC = ("cp1252", "iso8859-15"), ("cp1250", "iso8859-2"), ("cp1257",)
_CYRILLIC, _GREEK = ("cp1251", "koi8-r", "koi8-u", "iso8859-5"), ("cp1253", "iso8859-7")
_LATIN = {
    "éàèêçôîûâùœïëæü": _WEST,  # French
    "üäöß": (*_WEST, *_CENTRAL),  # German
    "óíáéñúü": _WEST,  # Spanish
    "ãçáéóíâêúõà": _WEST,  # Portuguese
    "èàòùìéî": _WEST,  # Italian
    "äåöé": _WEST,  # Swedish, Finnish
    "øåæé": _WEST,  # Danish, Norwegian
    "éëïèöüó": _WEST,  # Dutch
    "íðáþöéúóæý": _WEST,  # Icelandic
    "àéèíóòçïúü": _WEST,  # Catalan
    "ąłęóśżćńź": _CENTRAL,  # Polish
    "áíéěýřšžčůúťďňó": _CENTRAL,  # Czech
    "áíéýúľšžčťňôďäóĺŕ": _CENTRAL,  # Slovak
    "áéöóüőíúű": _CENTRAL,  # Hungarian
    "ăâîşţ": _CENTRAL,  # Romanian
    "čšžćđ": _CENTRAL,  # Croatian, Slovene
    "ėšųžįūčąę": _BALTIC,  # Lithuanian
    "āīēšņūļčķģž": _BALTIC,  # Latvian
    "äõüöšž": ("cp1252", *_BALTIC),  # Estonian
    "ıüşğöç": ("cp1254",),  # Turkish
}
_OTHER = {
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё": _CYRILLIC,  # Russian
    "оаинвіертклдсмупязьбгчхйцжюшїщєфґ": ("cp1251", "koi8-u", "iso8859-5"),  # Ukrainian
    "аоинетврскдлмпзъугбчящжцхфйшюь": _CYRILLIC,  # Bulgarian
    "аоиенрстјвкдупмлзгбшчцжњхљћђфџ": ("cp1251", "iso8859-5"),  # Serbian
    "αοιτεσνρκπηςλυμάίδόγέωφχθήώύβξζψϊ": _GREEK,
    "יוהלארתמבשנעכדקחפםטסצגזןךףץ": ("cp1255",),  # Hebrew
    "اليمنورتهبدعسفقكحجةصشأطخضىذزثإغئءظؤآ": ("cp1256",),  # Arabic
    "انیردهمتوسشبلکزخگفپعقجآچحصطضغظذثئژء": ("cp1256",),  # Persian
    "านรอกงเมยลวดทสตะปคบแิี่้ัชหไจพขใผโถ์ืุูำซธศณญฉษ็": ("cp874",),  # Thai
}
_ANY_LATIN = frozenset("".join(_LATIN))
# Signs of any text: quotes, dashes, blanks, marks of trade and money. They speak for no language.
_SIGNS = frozenset("\xa0\xad«»„“”‚‘’–—…•·©®™°§€£¥¿¡№‹›½¼¾²³ºª´¨׆‡¶")


@cache
def weights() -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.bool_]]:
    """A row of weights of the bytes 0x80 to 0xff for each language in each encoding: (encodings, rows, is it Latin)."""
    of_latin = [(e, letters, 99) for letters, encodings in _LATIN.items() for e in encodings]
    of_other = [(e, letters, FREQUENT) for letters, encodings in _OTHER.items() for e in encodings]
    rows = [
        [_weight(bytes([b]).decode(encoding, "replace"), letters, frequent) for b in range(0x80, 0x100)]
        for encoding, letters, frequent in (*of_latin, *of_other)
    ]
    latin = [True] * len(of_latin) + [False] * len(of_other)
    return tuple(e for e, _, _ in (*of_latin, *of_other)), np.array(rows, np.int64), np.array(latin)


def _weight(character: str, letters: str, frequent: int) -> int:
    """4 for a frequent letter, 2 for another one of the language, less in upper case, -6 for what is neither.

    Latin capitals speak for nothing: the sign for pounds is one in another encoding.
    """
    place = letters.find(character)
    if place >= 0:
        return 4 if place < frequent else 2
    if character.lower() in letters and character.lower() != character:
        return 1 if character.lower() not in _ANY_LATIN else 0
    if character in _SIGNS:
        return 0
    return -6 if character == "\ufffd" or unicodedata.category(character) in ("Cc", "So", "Sm", "Sk", "No") else -3
