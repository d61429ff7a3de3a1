"""Keys: scopes and bands that do not mix, members and keys in order."""

import numpy as np
import polars as pl

from stages.dedup.keys import contents, ordered, scope_of, scoped_keys
from stages.dedup.params import KeyParams

PARAMS = KeyParams(bands=2, rows=2, scope="global", groups={}, prefer_sources=(), prefer_hosts=())


def minhash(*rows: list[int]) -> pl.Series:
    return pl.Series([np.array(r, dtype="<u4").tobytes() for r in rows], dtype=pl.Binary)


def test_equal_bands_of_one_scope_have_equal_keys_and_others_have_not():
    keys = scoped_keys(minhash([1, 2, 3, 4], [1, 2, 4, 3], [1, 2, 3, 4]), pl.Series(["", "", "source:a"]), PARAMS)
    assert keys[0, 0] == keys[1, 0] and keys[0, 1] != keys[1, 1]
    assert not set(keys[0]) & set(keys[2])


def test_a_band_never_meets_another_band_of_equal_values():
    keys = scoped_keys(minhash([1, 2, 1, 2]), pl.Series([""]), PARAMS)
    assert keys[0, 0] != keys[0, 1]


def test_the_same_text_in_two_scopes_makes_two_contents():
    found = contents(pl.Series([b"0" * 16] * 3, dtype=pl.Binary), pl.Series(["", "", "source:a"]))
    assert found[0] == found[1] != found[2]


def test_scopes():
    sources = pl.Series(["a", "b", "c", None])
    assert scope_of(sources, PARAMS).to_list() == [""] * 4
    apart = PARAMS.model_copy(update={"scope": "per_source"})
    assert scope_of(sources, apart).to_list() == ["source:a", "source:b", "source:c", "source:"]
    groups = PARAMS.model_copy(update={"scope": "groups", "groups": {"x": ("a", "c")}})
    assert scope_of(sources, groups).to_list() == ["group:x", "source:b", "group:x", "source:"]


def test_signed_keys_keep_the_order_of_unsigned_ones():
    keys = np.array([0, 1, 2**63 - 1, 2**63, 2**64 - 1], dtype=np.uint64)
    signed = ordered(keys).tolist()
    assert signed == sorted(signed) and signed[0] == -(2**63)
