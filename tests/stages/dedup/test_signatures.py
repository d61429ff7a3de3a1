"""The signature's estimator against exact Jaccard and against datasketch; the digest and the count."""

import math

import numpy as np
import polars as pl
import pytest
from datasketch import MinHash

from stages.dedup.params import SignatureParams
from stages.dedup.signatures import measure_signatures
from stages.schemas import SIGNATURES
from stages.shingles import jaccard, shingle_sets

PARAMS = SignatureParams(bands=20, rows=6, shingle=5, seed=1)
NO_EDITS = pl.DataFrame(
    schema={"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}
)


def measure(texts: list[str], params: SignatureParams = PARAMS, edits: pl.DataFrame = NO_EDITS) -> pl.DataFrame:
    rows = {"doc_id": [f"{i:032x}" for i in range(len(texts))], "text": texts}
    documents = pl.DataFrame(rows, schema={"doc_id": pl.String, "text": pl.String})
    return measure_signatures({"extract/documents": documents, "quality/edits": edits}, params, {})["dedup/signatures"]


def values(signatures: pl.DataFrame) -> np.ndarray:
    return np.frombuffer(b"".join(signatures["minhash"].to_list()), dtype="<u4").reshape(len(signatures), -1)


def pairs(count: int, words: int, seed: int) -> list[tuple[str, str]]:
    """Pairs of texts that share a prefix of growing length, so that their similarities span 0 to 1."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(count):
        shared = [f"w{n}" for n in rng.integers(0, 10**6, int(words * i / count) + 5)]
        ends = [[f"w{n}" for n in rng.integers(0, 10**6, words - len(shared) + 10)] for _ in range(2)]
        out.append(tuple(" ".join(shared + end) for end in ends))
    return out


def test_columns_are_those_of_the_schema():
    frame = measure(["some words in a row here", "!!!"])
    assert frame.columns == SIGNATURES.names
    assert frame.to_arrow().cast(SIGNATURES).num_rows == 2


def test_estimate_lies_within_three_standard_errors_of_exact_jaccard():
    """Standard error of k values: sqrt(J (1 - J) / k). Of 200 pairs, 3 sigma lets about one out."""
    texts = pairs(200, 150, 7)
    left, right = (values(measure([p[side] for p in texts])) for side in (0, 1))
    sets = [shingle_sets(pl.Series([p[side] for p in texts]), 5) for side in (0, 1)]
    exact = np.array([i / u for i, u in (jaccard(a, b) for a, b in zip(*sets, strict=True))])
    errors = (left == right).mean(axis=1) - exact
    sigma = np.sqrt(exact * (1 - exact) / 120)
    assert (np.abs(errors) <= 3 * sigma + 1e-12).mean() >= 0.97
    assert np.abs(errors).max() <= 3 / math.sqrt(2 * 120)
    assert abs(errors.mean()) <= 3 * math.sqrt((sigma**2).mean() / len(errors))


def test_errors_are_no_larger_than_those_of_datasketch():
    texts = pairs(120, 100, 11)
    left, right = (values(measure([p[side] for p in texts])) for side in (0, 1))
    sets = [shingle_sets(pl.Series([p[side] for p in texts]), 5) for side in (0, 1)]
    exact = np.array([i / u for i, u in (jaccard(a, b) for a, b in zip(*sets, strict=True))])
    own = (left == right).mean(axis=1) - exact
    theirs = np.array([_datasketch(a, b) for a, b in zip(*sets, strict=True)]) - exact
    assert own.std() <= 1.3 * theirs.std()
    assert abs(own.mean() - theirs.mean()) <= 4 * math.sqrt((own.var() + theirs.var()) / len(own))


def _datasketch(a: np.ndarray, b: np.ndarray) -> float:
    left, right = (MinHash(num_perm=120, seed=3, hashfunc=lambda h: int.from_bytes(h[:4], "little")) for _ in range(2))
    left.update_batch([h.tobytes() for h in a])
    right.update_batch([h.tobytes() for h in b])
    return left.jaccard(right)


def test_values_of_one_signature_are_independent_enough():
    """The variance over seeds of the estimate is the binomial one: correlated permutations would inflate it."""
    a, b = pairs(10, 60, 3)[6]
    (x,), (y,) = shingle_sets(pl.Series([a]), 5), shingle_sets(pl.Series([b]), 5)
    both, union = jaccard(x, y)
    found = []
    for seed in range(300):
        v = values(measure([a, b], PARAMS.model_copy(update={"seed": seed})))
        found.append((v[0] == v[1]).mean())
    expected = both / union * (1 - both / union) / 120
    assert 0.75 <= np.var(found) / expected <= 1.3
    assert abs(np.mean(found) - both / union) <= 4 * math.sqrt(expected / 300)


def test_exact_ignores_case_punctuation_and_space_but_not_words():
    frame = measure(["One two, three!", "one  TWO\nthree", "one two tree"])
    first, second, third = frame["exact"]
    assert first == second != third
    assert len(first) == 16


def test_texts_without_words_are_duplicates_only_if_equal():
    frame = measure(["!!!", "???", "!!!", ""])
    a, b, c, d = frame["exact"]
    assert a == c and len({a, b, d}) == 3
    assert frame["n_shingles"].to_list() == [0, 0, 0, 0]
    assert frame["minhash"].to_list() == [b"", b"", b"", b""]


def test_n_shingles_counts_distinct_ones():
    assert measure(["a b a b a b a b a b", "a b", "a b c d e f"])["n_shingles"].to_list() == [2, 1, 2]


def test_edits_of_quality_come_first():
    line = "accept all cookies now please\n"
    text = line + "the text itself has nine words and one line"
    edit = {"doc_id": [f"{1:032x}"], "start": [0], "end": [len(line)], "replacement": [None], "kind": ["line"]}
    frame = measure([text[len(line) :], text], edits=pl.DataFrame(edit, schema=NO_EDITS.schema))
    assert frame["exact"][0] == frame["exact"][1]
    assert frame["minhash"][0] == frame["minhash"][1]


def test_seed_moves_minhash_and_nothing_else():
    one, two = (measure(["some words in a row here"], PARAMS.model_copy(update={"seed": s})) for s in (1, 2))
    assert one["minhash"][0] != two["minhash"][0]
    assert one.drop("minhash").equals(two.drop("minhash"))


@pytest.mark.parametrize("count", [0, 1, 7])
def test_one_row_per_document(count):
    assert measure([f"text {i}" for i in range(count)]).height == count


def test_texts_that_edits_emptied_are_no_copies_of_each_other():
    texts = ["Menu", "Menu\n", "!!!", "!!!", "Menu and more", "", ""]
    spans = [(f"{i:032x}", 0, 4, None, "short") for i in (0, 1, 4)]
    found = measure(texts, edits=pl.DataFrame(spans, schema=NO_EDITS.schema, orient="row"))
    assert found["exact"].is_duplicated().to_list() == [False, False, True, True, False, True, True]
    assert found["n_shingles"].to_list() == [0, 0, 0, 0, 1, 0, 0]
