"""The whole search against all pairs: what is caught, by true similarity, and that nothing else is removed."""

import math

import polars as pl
import pytest
from datasketch import MinHash, MinHashLSH

from stages.dedup.params import DedupParams
from stages.shingles import shingle_sets
from tests.stages.dedup import planted

BINS = ((0.80, 0.85), (0.85, 0.90), (0.90, 0.95), (0.95, 1.0))
FRAME = "home products about contact search your basket is empty sign in to see your orders"


def theory(share: float, params: DedupParams = planted.PARAMS) -> float:
    return 1 - (1 - share**params.rows) ** params.bands


def interval(expected_misses: float) -> tuple[int, int]:
    """The central 99 % of a Poisson law, the limit of many small chances to miss."""
    total, low, high, k = 0.0, None, None, 0
    while high is None:
        total += math.exp(-expected_misses + k * math.log(max(expected_misses, 1e-300)) - math.lgamma(k + 1))
        low = k if low is None and total > 0.005 else low
        high = k if total >= 0.995 else None
        k += 1
    return low or 0, high


def check(per_bin: int, found_by) -> list[tuple[float, int, int, float]]:
    """Plant `per_bin` pairs in each bin and judge every bin; returns (bin, pairs, caught, expected) for each."""
    texts = [text for one in planted.pairs(5 * per_bin, 0.795, 0.999) for text in one]
    true = found_by(texts, 0.8)
    assert all(j == i + 1 and i % 2 == 0 for i, j in true), "families are independent"
    table = planted.run(texts, shards=3)["dedup/clusters"]
    removed = {row["doc_id"]: row for row in table.iter_rows(named=True) if row["kind"]}
    kept = set(table.filter(pl.col("kind").is_null())["doc_id"])
    named = {planted.name(j): (planted.name(i), share) for (i, j), share in true.items()}
    for doc_id, row in removed.items():
        assert row["related_doc_id"] == named[doc_id][0] and row["related_doc_id"] in kept
        assert row["similarity"] == pytest.approx(named[doc_id][1], abs=1.01e-4) and row["similarity"] >= 0.8
    out = []
    for low, high in BINS:
        mine = {doc_id: share for doc_id, (_, share) in named.items() if low <= share < high}
        caught = sum(doc_id in removed for doc_id in mine)
        expected = sum(theory(share) for share in mine.values())
        few, many = interval(len(mine) - expected)
        assert len(mine) >= per_bin
        assert few <= len(mine) - caught <= many, (low, len(mine), caught, expected)
        assert caught >= 0.98 * len(mine)
        out.append((low, len(mine), caught, expected))
    return out


def test_catch_rate_by_similarity():
    check(150, planted.all_pairs)


@pytest.mark.slow
def test_catch_rate_by_similarity_of_twenty_thousand_documents():
    for row in check(2_000, planted.sharing_pairs):
        print("from {:.2f}: {} pairs, {} caught, {:.1f} expected".format(*row))


def test_both_ways_to_all_pairs_agree():
    texts = [text for one in planted.pairs(60, 0.5, 0.999) for text in one]
    texts += [f"{texts[k]} {texts[k + 2]}" for k in range(0, 20, 2)]
    assert planted.all_pairs(texts, 0.3) == pytest.approx(planted.sharing_pairs(texts, 0.3))


def test_below_the_threshold_nothing_is_removed():
    texts = [text for one in planted.pairs(200, 0.5, 0.79) for text in one]
    out = planted.run(texts)
    assert out["dedup/clusters"].is_empty()
    audit = dict(out["dedup/audit"].iter_rows())
    assert audit["pairs_refuted"] == audit["pairs_compared"] > 50


@pytest.mark.parametrize(("low", "high"), [(0.4, 0.5), (0.5, 0.6), (0.6, 0.7), (0.7, 0.79)])
def test_the_curve_below_the_threshold_is_that_of_20_bands_of_6_and_of_datasketch(low, high):
    """Both are within 2.576 standard deviations of the sum of their pairs' chances."""
    texts = [text for one in planted.pairs(400, low, high) for text in one]
    chances = [theory(share) for share in planted.sharing_pairs(texts, 0.3).values()]
    assert len(chances) == 400
    expected, spread = sum(chances), math.sqrt(sum(p * (1 - p) for p in chances))
    own = dict(planted.run(texts)["dedup/audit"].iter_rows())["pairs_compared"]
    assert abs(own - expected) <= 2.576 * spread
    assert abs(datasketch_pairs(texts) - expected) <= 2.576 * spread


def datasketch_pairs(texts: list[str]) -> int:
    """How many of the pairs (2 i, 2 i + 1) datasketch finds with the same bands."""
    lsh, found = MinHashLSH(num_perm=120, params=(20, 6)), 0
    for k, hashes in enumerate(shingle_sets(pl.Series(texts), 5)):
        sketch = MinHash(num_perm=120, seed=3, hashfunc=lambda h: int.from_bytes(h[:4], "little"))
        sketch.update_batch([h.tobytes() for h in hashes])
        found += k % 2 == 1 and k - 1 in lsh.query(sketch)
        lsh.insert(k, sketch)
    return found


def test_frames_without_common_content_all_stay():
    texts = [f"{FRAME} {planted.pair(k, 60, 0.9, False)[0]} {FRAME}" for k in range(400)]
    assert planted.run(texts)["dedup/clusters"].is_empty()


def test_seed_changes_who_is_a_candidate_and_no_verified_pair():
    texts = [text for one in planted.pairs(100, 0.9, 0.999) for text in one]
    tables = [planted.run(texts, planted.PARAMS.model_copy(update={"seed": seed}))["dedup/clusters"] for seed in (1, 2)]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize(
    "alphabet",
    ["".join(map(chr, range(0x4E00, 0x4E00 + 500))), "".join(map(chr, range(0x0E01, 0x0E2F)))],
    ids=["han", "thai"],
)
def test_scripts_without_spaces_are_compared_by_characters(alphabet):
    """300 letters, of which three are others in the copy: 5-letter shingles, as of words elsewhere."""
    letters = [alphabet[(i * i * 31 + i * 17 + i // 7) % len(alphabet)] for i in range(300)]
    copy = list(letters)
    for place in (50, 150, 250):
        copy[place] = "字" if alphabet[0] == "一" else "ฮ"
    other = [alphabet[(i * i * 29 + i * 13 + 5 + i // 3) % len(alphabet)] for i in range(300)]
    found = planted.run(["".join(letters), "".join(copy), "".join(other)])["dedup/clusters"]
    assert set(found["doc_id"]) == {planted.name(0), planted.name(1)}
    assert 0.85 < found.filter(kind="near")["similarity"].item() < 0.95
