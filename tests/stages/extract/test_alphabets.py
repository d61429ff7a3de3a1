import numpy as np

from stages.extract.alphabets import weights


def test_a_row_of_128_weights_per_language_and_encoding():
    names, rows, latin = weights()
    assert rows.shape == (len(names), 128)
    assert len(latin) == len(names)
    assert rows.min() == -6
    assert rows.max() == 4


def test_letters_of_the_language_weigh_more_than_signs_and_these_more_than_other_letters():
    names, rows, _ = weights()
    french = rows[names.index("cp1252")]
    of = lambda character: int(french[character.encode("cp1252")[0] - 128])  # noqa: E731
    assert of("é") > of("É") == of("«") > of("ÿ") > of("¬")
    russian = rows[names.index("cp1251")]
    weight = lambda character: int(russian[character.encode("cp1251")[0] - 128])  # noqa: E731
    assert weight("о") > weight("щ") > weight("О") > weight("«") > weight("љ")


def test_only_windows_1252_and_its_kin_are_asked_for_french():
    names, rows, _ = weights()
    french = rows[names.index("cp1252")]
    assert [n for n, row in zip(names, rows) if np.array_equal(row, french)] == ["cp1252"]
