"""A name in params.yaml that is no source's, or two sources', is a fault that names the keys."""

from typing import Any

import pytest
import yaml

from pipelines import source_names
from pipelines.store import ROOT
from stages.params import Params, parse

NEWS = {"crawl": "CC-NEWS/2025/07", "files": 1}
WAIVER = {"verdict_digest": "0" * 32, "name": "A. Person", "reason": "checked", "expires": "2999-12-31"}


def params(warcs: object, crawl: object = None, **mix: Any) -> Params:
    raw = yaml.safe_load((ROOT / "params.yaml").read_text())
    raw["input"] |= {"warcs": warcs, "common_crawl": crawl}
    raw["mix"] |= mix
    return parse(raw)


def faults(given: Params) -> list[str]:
    return list(source_names.faults(given.input, given.mix))


def test_the_recipe_of_the_sample_has_no_fault() -> None:
    assert faults(parse(yaml.safe_load((ROOT / "params.yaml").read_text()))) == []


@pytest.mark.parametrize(
    ("warcs", "crawl", "keys"),
    [
        ("a/*", None, {"crawl": "input.warcs"}),
        ([], NEWS, {"crawl": "input.common_crawl"}),
        (["a/*"], NEWS, {"crawl": "input.warcs"}),
        ({"x": "a/*", "y": ["b/*"]}, None, {"x": "input.warcs.x", "y": "input.warcs.y"}),
        ({"x": "a/*"}, NEWS, {"x": "input.warcs.x", "CC-NEWS-2025-07": "input.common_crawl"}),
        ({"CC-NEWS-2025-07": "a/*"}, NEWS, {"CC-NEWS-2025-07": "input.warcs.CC-NEWS-2025-07"}),
    ],
)
def test_sources_of_the_crawl_and_the_keys_that_name_them(warcs: object, crawl: object, keys: dict[str, str]) -> None:
    assert source_names.crawl_keys(params(warcs, crawl).input) == keys


def test_a_synthetic_source_with_the_name_of_a_crawl_names_both_keys() -> None:
    spec = {"files": ["made.jsonl"]}
    for warcs, crawl, name, key in (
        ("a/*", None, "crawl", "input.warcs"),
        ({"web": "a/*"}, None, "web", "input.warcs.web"),
        ({"web": "a/*"}, NEWS, "CC-NEWS-2025-07", "input.common_crawl"),
    ):
        said = faults(params(warcs, crawl, synthetic={name: spec, "other": spec}))
        assert said == [f"mix.synthetic.{name}: {key} is a source of this name, too; rename one"]
        assert faults(params(warcs, crawl, synthetic={name: spec | {"enabled": False}})) == []


def test_weights_are_of_sources_that_are_there_enabled_or_not() -> None:
    assert faults(params("a/*", weights={"crawl": 0.5, "healthy": 0.2, "collapsed": 0.1})) == []
    assert faults(params("a/*", weights={"helthy": 0.2, "web": 0.1})) == [
        "mix.weights.helthy: unknown source 'helthy'; did you mean 'healthy'?",
        "mix.weights.web: unknown source 'web'; did you mean 'crawl'?",
    ]


def test_waivers_are_of_the_mixture_and_of_synthetic_sources() -> None:
    waivers = [WAIVER | {"source": name} for name in (None, "healthy", "collapsed", "Healthy", "crawl")]
    said = faults(params("a/*", waivers=waivers))
    assert said[0] == "mix.waivers.3.source: unknown source 'Healthy'; did you mean 'healthy'?"
    assert [line.split(":")[0] for line in said] == ["mix.waivers.3.source", "mix.waivers.4.source"], (
        "no verdict is ever passed on a source of the crawl"
    )
    none = faults(params("a/*", synthetic={}, waivers=waivers[1:2]))
    assert none == ["mix.waivers.0.source: unknown source 'healthy'"]


def test_reference_sources_are_of_the_crawl() -> None:
    spec = {"files": ["made.jsonl"], "reference": {"sources": ["web", "news"]}}
    assert faults(params({"web": "a/*", "news": "b/*"}, synthetic={"made": spec})) == []
    said = faults(params({"web": "a/*", "made-news": "b/*"}, synthetic={"made": spec}))
    assert said == ["mix.synthetic.made.reference.sources: unknown source 'news'; did you mean 'made-news'?"]
    own = spec | {"reference": {"sources": ["made"]}}
    said = faults(params({"web": "a/*"}, synthetic={"made": own}))
    assert said == ["mix.synthetic.made.reference.sources: unknown source 'made'; did you mean 'web'?"]
    assert faults(params("a/*", synthetic={"made": spec | {"enabled": False}})) == []
