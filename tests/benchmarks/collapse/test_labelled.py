"""Sources alone, by size: who stands out of eight, and when a loop is found."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "collapse"))

import families
import judged
import labelled
from bench import Key
from table import Bounds

from stages.mix.assess import Assessment


def answered(family, severity, value, seed=201, domain="brown"):
    verdict = "ABSTAIN" if value is None else "WARN"
    answer = judged.Scored(value, value, value, value, value, verdict, (), Assessment(None, None, None))
    return judged.Judged(Key(family, severity, 1.0, domain, seed), answer)


def benign(family, *values):
    return [answered(family, 0, value, seed) for value, seed in zip(values, families.FRESH_SEEDS)]


def test_a_size_has_its_planted_and_its_benign_sources_and_their_words():
    found = [answered("loop", 3, 5.0), answered("loop", 5, 0.5), *benign("real", 0.1, 1.0, None)]
    own = labelled.size(found, 400, Bounds(all=2.0, alike=0.2))
    assert own["words"] == 20_000
    assert (own["all"]["n"], own["all"]["auc"], own["all"]["tpr"][0], own["all"]["tpr_alike"][0]) == (2, 0.75, 0.5, 1.0)
    assert list(own["families"]) == ["loop"]
    assert (own["benign"]["real"]["n"], own["benign"]["real"]["above_alike"][0]) == (2, 0.5)


def test_a_domain_has_its_own_sources_alone():
    found = [answered("loop", 3, 5.0), answered("loop", 3, 0.5, 202, "comments"), *benign("real", 0.1, 1.0)]
    domains = labelled.size(found, 400, Bounds(all=0.7, alike=0.7))["domains"]
    assert list(domains) == ["brown", "comments"]
    assert (domains["brown"]["planted"]["auc"], domains["brown"]["planted"]["tpr"][0]) == (1.0, 1.0)
    assert domains["brown"]["benign"]["above"][0] == 0.5
    assert (domains["comments"]["planted"]["auc"], domains["comments"]["planted"]["tpr"][0]) == (None, 0.0)


@pytest.mark.parametrize(("good_synthetic", "hits"), [(1.0, 1.0), (9.0, 0.0)])
def test_a_source_stands_out_that_scores_more_than_all_seven_beside_it(good_synthetic, hits):
    planted = [answered("loop", severity, 5.0) for severity in families.PLANTED["loop"]]
    found = [*planted, answered("copies", 2, None), *benign("good_synthetic", good_synthetic)]
    assert labelled.attributed(found, ())[0] == hits
    assert labelled.attributed([*found, *benign("real", 1.0)], ["good_synthetic"])[0] == 1.0
    assert labelled.attributed(found, ["good_synthetic"]) is None, "nobody to stand out of"


def test_one_louder_neighbour_of_seven_is_enough_to_hide_behind():
    planted = [answered("loop", 3, 5.0, seed, d) for seed in families.FRESH_SEEDS for d in families.DOMAINS]
    share = labelled.attributed([*planted, *benign("real", 9.0, 1.0, 1.0, 1.0)], ())[0]
    assert share == pytest.approx(0.75**7, abs=0.12)


def test_a_loop_is_found_at_its_first_generation_above_the_bound():
    scores = {
        ("brown", 201): (1, 9, 9),
        ("brown", 202): (9, 1, 9),
        ("comments", 201): (1, 1, 9),
        ("comments", 202): (1, 1, 1),
    }
    loops = [
        answered("loop", generation, float(value), seed, domain)
        for (domain, seed), values in scores.items()
        for generation, value in enumerate(values, 1)
    ]
    found = labelled.early(loops, 5.0)
    assert found["first"] == {"1": 1, "2": 1, "3": 1, "later": 1}
    assert found["two_at_most"][0] == 0.5


def test_every_line_names_its_words():
    sizes = {"labelled_20k": labelled.size([answered("loop", 3, 5.0), *benign("real", 0.1)], 400, Bounds(2.0, 0.2))}
    text = "\n".join(labelled.lines({"sizes": sizes, "early": labelled.early([answered("loop", 1, 9.0)], 5.0)}))
    assert "| 20,000 | loop | 1 | 1.00" in text
    assert "| 20,000 | real | 1 of 1" in text
    assert "| 20,000 | brown | 1 | 1.00" in text
    assert "| 20,000 | brown | 1 of 1" in text
    unseen = "\n".join(
        labelled.lines({"sizes": {"unseen_10k": sizes["labelled_20k"]}, "early": labelled.early([], 5.0)})
    )
    assert "| 20,000, unseen domains | loop | 1 | 1.00" in unseen
    assert "within two 1.00" in text
