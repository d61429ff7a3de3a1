"""Names of sources in params.yaml: a name means one source, and what names a source names one that is there.

A misspelt name is a fault, since nothing else would tell: a source without its weight has rate 1, a waiver without its
source is never asked, and a reference without its source has less text. Disabled sources are there: a weight or a
waiver of theirs waits.
"""

from collections.abc import Collection, Iterator

from pipelines.named import CRAWL_KEY
from stages.mix.params import MixParams, Reference
from stages.params import Input, nearest


def own_name(given: Input) -> str:
    """The source that the archives of input.common_crawl belong to: one of its own where input.warcs names sources."""
    asked = given.common_crawl
    return asked.crawl.replace("/", "-") if asked and isinstance(given.warcs, dict) else "crawl"


def crawl_keys(given: Input) -> dict[str, str]:
    """Source of the crawl -> the key that names it, without a look at any file."""
    if isinstance(given.warcs, dict):
        keys = {source: f"input.warcs.{source}" for source in given.warcs}
    else:
        keys = {"crawl": "input.warcs"} if given.warcs or given.common_crawl is None else {}
    if given.common_crawl is not None:
        keys.setdefault(own_name(given), CRAWL_KEY)
    return keys


def faults(given: Input, mix: MixParams) -> Iterator[str]:
    """A line per name that two sources have, or no source; each names the key to change, and the nearest name."""
    crawl = crawl_keys(given)
    for source, spec in mix.synthetic.items():
        if spec.enabled and source in crawl:
            yield f"mix.synthetic.{source}: {crawl[source]} is a source of this name, too; rename one"
    for source in mix.weights or {}:
        yield from _unknown(f"mix.weights.{source}", source, [*crawl, *mix.synthetic])
    for k, waiver in enumerate(mix.waivers):
        if waiver.source is not None:  # null: the mixture
            yield from _unknown(f"mix.waivers.{k}.source", waiver.source, mix.synthetic)
    for source, spec in mix.synthetic.items():
        if spec.enabled and isinstance(spec.reference, Reference):
            for name in spec.reference.sources:
                yield from _unknown(f"mix.synthetic.{source}.reference.sources", name, crawl)


def _unknown(key: str, name: str, known: Collection[str]) -> Iterator[str]:
    if name not in known:
        yield f"{key}: unknown source {name!r}{nearest(name, [*known])}"
