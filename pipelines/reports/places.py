"""The part of the page that tells what languages and hosts give, and how much of each is kept."""

from collections.abc import Mapping

import polars as pl

from pipelines import parts
from pipelines.reports.facts import Stages
from pipelines.reports.markup import Html, bar, join, percent, prose, section, table, tag
from pipelines.reports.sections import ranked
from pipelines.store import Store
from stages.census import HOST_SAMPLE

MOST = 30
FEWEST = 20  # documents of a host whose keep rate is ranked


def languages(stages: Stages) -> Html:
    """Documents per language after each stage. Synthetic text is not in it: its language is not measured."""
    ran = [f for f in stages.values() if f.ran and f.stage != "mix"]
    if not ran:
        return Html("")
    kept = {f.stage: _kept(f.of("language")) for f in ran}
    tokens, first, last = _kept(ran[-1].of("language_tokens")), ran[0].stage, ran[-1].stage
    names = ranked({name: kept[first].get(name, 0) for name in set().union(*kept.values())})
    rows = [_language(name, [kept[f.stage].get(name, 0) for f in ran], tokens) for name in names[:MOST]]
    heads = ("Language", "", *(f"Kept by {f.stage}" for f in ran), "Keep rate", f"Tokens kept by {last}")
    left = f" The first {MOST} of {len(names)} languages." if len(names) > MOST else ""
    caption = f"Keep rate: documents kept by {last} over documents extracted. und: undetermined.{left}"
    none = (
        "Synthetic text is not counted here. Registers and topics of pages are not measured by any stage; the licences "
        "that pages state are in data/extract/provenance."
    )
    return section("languages", "Languages", table(caption, heads, rows, (0, 1)), prose(none))


def _language(name: str, kept: list[int], tokens: Mapping[str, int]) -> tuple[object, ...]:
    return (name, bar(kept[-1], kept[0]), *kept, percent(kept[-1], kept[0]), tokens.get(name, 0))


def _kept(found: Mapping[str, int]) -> dict[str, int]:
    return {key.rpartition("|")[0]: n for key, n in found.items() if key.endswith("|kept") and n}


def hosts(store: Store, stages: Stages) -> Html:
    """Hosts of the sample: those that give most, and those of which least is kept."""
    ran = [f.stage for f in stages.values() if f.ran and f.stage != "mix"]
    if not ran:
        return Html("")
    found = _hosts(store, ran[0], ran[-1])
    if found.is_empty():
        return Html("")
    how = (
        f"One host in {HOST_SAMPLE}, chosen by hash of its name; the counts of those are exact. {found.height:,} hosts "
        f"with {int(found['given'].sum()):,} extracted documents are in the sample, {_none_left(found):,} of them with "
        f"nothing left."
    )
    most = found.sort(["given", "host"], descending=[True, False])
    least = found.filter(pl.col("given") >= FEWEST).sort([pl.col("kept") / pl.col("given"), "host"])
    heads = ("Host", "", "Documents extracted", f"Kept by {ran[-1]}", "Keep rate")
    one = table("Hosts that give most.", heads, map(_host, most[:MOST].iter_rows()), (0, 1))
    other = table(
        f"Of hosts with {FEWEST} documents or more, those of which least is kept.",
        heads,
        map(_host, least[:MOST].iter_rows()),
        (0, 1),
    )
    return section("hosts", "Hosts", prose(how), join((one, other)))


def _host(row: tuple[str, int, int]) -> tuple[object, ...]:
    host, given, kept = row
    return (tag("span", host, "url"), bar(kept, given), given, kept, percent(kept, given))


def _none_left(found: pl.DataFrame) -> int:
    return found.filter(pl.col("kept") == 0).height


def _hosts(store: Store, first: str, last: str) -> pl.DataFrame:
    """host, documents given by the first stage and kept by the last, sorted by host."""
    given, kept = (parts.keys_ending(store.data(s, "census.jsonl"), "host", "|kept") for s in (first, last))
    both = given.rename({"key": "host", "count": "given"}).join(
        kept.rename({"key": "host", "count": "kept"}), on="host", how="left", maintain_order="left"
    )
    return both.filter(pl.col("given") > 0).with_columns(pl.col("kept").fill_null(0))
