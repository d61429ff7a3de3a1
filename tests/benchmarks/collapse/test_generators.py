"""What planted collapse looks like: each generator does what its name says, and the same again for the same seed."""

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import families
import generators as make
from materials import Split, Window, unit, windows

RARE = 5_000


def text(i):
    ranks = [int(RARE ** unit("text", i, j)) for j in range(50)]
    return " ".join(f"{'abcdefghij'[r % 10]}{r}" for r in ranks)


POOL = [text(i) for i in range(400)]


def types(texts):
    return len({word for t in texts for word in t.split()})


@pytest.mark.parametrize(
    "write",
    [
        lambda seed: make.loop(POOL, 30, 2, seed, 0.9),
        lambda seed: make.templates(POOL, 30, 5, seed),
        lambda seed: make.substituted(POOL, 30, 0.5, seed),
        lambda seed: make.copies(POOL, 30, 3, seed),
        lambda seed: make.flooded(POOL, 30, 5, seed),
        lambda seed: make.misread(POOL, 30, 0.1, seed),
    ],
)
def test_a_seed_gives_its_text_and_another_seed_another(write):
    assert write(1) == write(1) != write(2)
    assert len(write(1)) == 30
    assert {len(t.split()) for t in write(1)} == {50}


def test_generations_and_low_temperatures_lose_words():
    first, third, sharp = make.loop(POOL, 400, 1, 1), make.loop(POOL, 400, 3, 1), make.loop(POOL, 400, 1, 1, 0.6)
    assert types(POOL) > types(first) > types(third)
    assert types(first) > 1.5 * types(sharp)
    assert types(make.loop(POOL, 400, 1, 1, top_p=0.8)) < 0.8 * types(first)


def test_a_filter_keeps_the_windows_with_the_fewest_rare_words():
    kept = make.truncated(POOL, 100, 0.25, 1)
    counts = Counter(word for t in POOL for word in t.split())
    share = [sum(counts[w] < 3 for w in t.split()) for t in POOL]
    assert sorted(sum(counts[w] < 3 for w in t.split()) for t in kept) == sorted(share)[:100]


def test_copies_are_of_few_windows_and_nearly_alike():
    found = make.copies(POOL, 60, 20, 1)
    assert found[:3] == POOL[:3]
    shares = [sum(a == b for a, b in zip(t.split(), found[i % 3].split())) / 50 for i, t in enumerate(found)]
    assert 0.95 < sum(shares) / 60 < 0.99


def test_substitution_takes_rare_words_alone():
    counts = Counter(word for t in POOL for word in t.split())
    for old, new in zip(POOL[:50], make.substituted(POOL, 50, 1.0, 1)):
        assert all(a == b or counts[a] < 5 for a, b in zip(old.split(), new.split()))
    assert types(make.substituted(POOL, 400, 1.0, 1)) < types(POOL)


def test_the_core_of_a_topic_alone_repeats_few_windows():
    assert len(set(make.flooded(POOL, 200, 100, 1))) == 4
    assert len(set(make.flooded(POOL, 200, 2, 1))) == 200


def test_clean_windows_are_not_those_planted():
    bed = Split([], [Window(t, "d", i) for i, t in enumerate(POOL)], [], [], [])
    assert not set(make.clean(bed, 400, POOL[390:])) & set(POOL[390:])


def test_windows_are_of_one_length_and_in_lower_case():
    found = windows("One TWO three, don't! " * 30, "d", 8)
    assert [w.position for w in found] == list(range(15))
    assert found[0].text == "one two three don't one two three don't"


def test_what_was_frozen_is_what_the_families_say():
    families.check()


def test_no_tuning_sees_what_is_held_out():
    seen = {case[0] for case in families.cases(families.TUNING_SEEDS, held_out=False)}
    assert not seen & {*families.HELD_OUT_FAMILIES, *families.HELD_OUT_BENIGN}
    assert not set(families.TUNING_SEEDS) & set(families.HELD_OUT_SEEDS)
    every = {case[0] for case in families.cases(families.HELD_OUT_SEEDS, held_out=True)}
    assert every == {*families.PLANTED, *families.BENIGN}


def test_a_changed_list_is_noticed(tmp_path, monkeypatch):
    other = tmp_path / "frozen.json"
    other.write_bytes(families.FROZEN.read_bytes().replace(b"101", b"100"))
    other.with_suffix(".sha256").write_text(families.FROZEN.with_suffix(".sha256").read_text())
    monkeypatch.setattr(families, "FROZEN", other)
    with pytest.raises(SystemExit, match="not what was frozen"):
        families.check()


def test_no_original_stands_beside_its_substitute(monkeypatch):
    pool = [Window(t, "d", i) for i, t in enumerate(POOL[:60])]
    monkeypatch.setattr(families, "split", lambda name, seed: Split([], pool, [], [], []))
    case = families.planted("substitution", 1.0, 0.3, "brown", 100, 1)
    assert case.source[30:] == [w.text for w in reversed(pool[30:])]


@pytest.mark.parametrize(("share", "bad", "clean"), [(1.0, 4, 0), (0.5, 4, 4), (0.1, 4, 36), (0.05, 2, 38)])
def test_a_source_of_too_little_planted_text_is_small_and_keeps_its_share(monkeypatch, share, bad, clean):
    real = [Window(text(i), "d", i) for i in range(400, 900)]
    monkeypatch.setattr(families, "split", lambda name, seed: Split([], real, [], [], []))
    monkeypatch.setattr(families, "_plant", lambda family, severity, bed, n, seed: POOL[: min(n, 4)])
    source = families.planted("truncation", 0.2, share, "made", 40, 1).source
    assert (len(set(source) & set(POOL)), len(set(source) - set(POOL))) == (bad, clean)
