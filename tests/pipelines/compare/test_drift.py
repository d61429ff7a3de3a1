"""PSI and KS on bins, and the bounds that chance sets: known values, coverage, and the same bounds again."""

import math

import numpy as np

from pipelines.compare import drift


def shards(*columns: dict[str, int]) -> dict[str, dict[str, int]]:
    return {f"s{i:03d}": bins for i, bins in enumerate(columns)}


def drawn(rng, shares, n: int) -> dict[str, int]:
    return {str(i): int(c) for i, c in enumerate(rng.multinomial(n, shares)) if c}


def test_psi_of_two_bins_by_hand() -> None:
    p, q = [(30 + 0.5) / 101, (70 + 0.5) / 101], [(60 + 0.5) / 101, (40 + 0.5) / 101]
    by_hand = sum((b - a) * math.log(b / a) for a, b in zip(p, q))
    assert abs(float(drift.psi(np.array([[30, 70]]), np.array([[60, 40]]))[0]) - by_hand) < 1e-12


def test_ks_is_the_largest_gap_of_the_cumulative_shares() -> None:
    p, q = np.array([[10, 20, 70]]), np.array([[40, 20, 40]])
    assert abs(float(drift.ks(p, q, 3)[0]) - 0.3) < 1e-12
    one = drift.shift(shards({"0": 10, "1": 20, "2": 70}), shards({"0": 40, "1": 20, "2": 40}))
    assert one is not None
    assert (one.ks, one.n_before, one.n_after) == (0.3, 100, 100)


def test_bins_stand_in_the_order_of_their_edges_and_nulls_are_no_place() -> None:
    found = drift.shift(shards({"10": 1, "2": 1, "below": 1, "null": 7}), shards({"0.5": 4, "true": 1}))
    assert found is not None
    assert [k for k, _, _ in found.bins] == ["below", "0.5", "2", "10", "true", "null"]
    nulls = drift.shift(shards({"1": 50, "null": 50}), shards({"1": 100}))
    assert nulls is not None
    assert nulls.ks == 0
    assert nulls.psi > nulls.psi_bound, "a column that became defined has moved, whatever its values"


def test_equal_sides_do_not_move_and_other_sides_do() -> None:
    same = drift.shift(shards({"1": 100, "2": 50}), shards({"1": 100, "2": 50}))
    other = drift.shift(shards({"1": 100, "2": 50}), shards({"1": 50, "2": 100}))
    assert same is not None
    assert other is not None
    assert (same.psi, same.ks, same.moved) == (0, 0, False)
    assert other.moved


def test_about_one_in_a_hundred_moves_by_chance() -> None:
    rng = np.random.default_rng(7)
    shares = np.full(20, 1 / 20)
    found = [drift.shift(shards(drawn(rng, shares, 400)), shards(drawn(rng, shares, 300))) for _ in range(200)]
    psi = sum(f.psi > f.psi_bound for f in found if f)
    ks = sum(f.ks > f.ks_bound for f in found if f)
    assert psi <= 8  # of 200: two expected; P(more than 8) is below .001
    assert ks <= 8


def test_a_bound_is_of_the_sizes_at_hand_and_no_convention() -> None:
    few = drift.shift(shards({"1": 10, "2": 10}), shards({"1": 14, "2": 6}))
    many = drift.shift(shards({"1": 10_000, "2": 10_000}), shards({"1": 14_000, "2": 6_000}))
    assert few is not None
    assert many is not None
    assert not few.moved, "twenty documents prove nothing"
    assert many.moved
    assert few.psi_bound > 0.25 > many.psi_bound


def test_pages_of_a_shard_resemble_each_other_so_that_shards_are_resampled() -> None:
    """Every shard holds one kind of page: counts of pages look sure, counts of shards do not."""
    kinds = [{str(i % 7): 100} for i in range(40)]
    others = [{str(i % 7): 100} for i in range(3, 43)]
    by_shards = drift.shift(shards(*kinds), shards(*others))
    summed = [{k: sum(s.get(k, 0) for s in side) for k in map(str, range(7))} for side in (kinds, others)]
    by_pages = drift.shift(shards(summed[0]), shards(summed[1]))
    assert by_shards is not None
    assert by_pages is not None
    assert (by_shards.resampled, by_pages.resampled) == ("shards", "documents")
    assert by_shards.psi == by_pages.psi
    assert by_shards.psi_bound > 10 * by_pages.psi_bound


def test_many_shards_are_grouped_and_no_count_is_lost() -> None:
    side = shards(*[{"1": 1, "2": 2}] * 450)
    found = drift.shift(side, side)
    assert found is not None
    assert found.bins == (("1", 450, 450), ("2", 900, 900))
    assert len(drift._grouped(side, ["1", "2"])) == drift.GROUPS


def test_the_same_counts_give_the_same_bounds_in_any_order() -> None:
    a, b = shards({"1": 30, "2": 9}, {"3": 4}), shards({"2": 9, "1": 21}, {"3": 11})
    turned = dict(reversed(list(a.items())))
    assert drift.shift(a, b) == drift.shift(turned, b)


def test_an_empty_side_has_no_distribution() -> None:
    assert drift.shift({}, shards({"1": 3})) is None
    assert drift.shift(shards({}), shards({"1": 3})) is None
