"""The card itself: README.md in the form that dataset hubs read, a head of YAML and sections of Markdown.

Sections follow Gebru et al. 2021 (datasheets) as far as a run knows the answer; what only people know is asked for in
params.yaml under `card`, and where it is not given the card says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from pipelines.cards import fields
from pipelines.cards.facts import FOLDER, Facts, funnel
from pipelines.cards.words import Markdown, inline, plain, table, verbatim
from stages.params import sections

SIZES: tuple[tuple[int, str], ...] = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
SIZES += ((10**8, "10M<n<100M"), (10**9, "100M<n<1B"))
MOST = 50  # rows of a table


def build(facts: Facts) -> str:
    """The whole file."""
    head = yaml.safe_dump(_head(facts), sort_keys=False, allow_unicode=True)
    parts = [f"# {inline(facts.params.card.name)}", *(f"## {title}\n\n{body}" for title, body in _sections(facts))]
    return f"---\n{head}---\n\n" + "\n\n".join(parts) + "\n"


def _head(facts: Facts) -> dict[str, Any]:
    documents = facts.released[0]
    return {
        "pretty_name": plain(facts.params.card.name),
        "license": plain(facts.params.card.licence or "unknown"),
        "language": [plain(name) for name, _, _ in facts.languages if name != "und"],
        "size_categories": [next((name for bound, name in SIZES if documents < bound), "1B<n<10B")],
        "task_categories": ["text-generation"],
        "configs": [{"config_name": "default", "data_files": f"{FOLDER}/*.parquet"}],
    }


def _sections(facts: Facts) -> Iterator[tuple[str, str]]:
    yield "What it is", _what(facts)
    yield "How to read it", READ
    yield "Columns", _columns()
    yield "Sources", _sources(facts)
    yield "Synthetic text", _synthetic(facts)
    yield "Languages", _languages(facts)
    yield "How it was made", _made(facts)
    yield "Filters and their bounds", _filters(facts)
    yield "Personal data", personal_data(facts)
    yield "Takedowns", _takedowns(facts)
    yield "Known limits", "\n".join(f"- {one}" for one in _limits(facts))
    yield "Licence", _licence(facts)
    yield "Files", _files(facts)


def _what(facts: Facts) -> str:
    card, (documents, tokens) = facts.params.card, facts.released
    lead = f"{documents:,} documents with {tokens:,} tokens: main texts of crawled web pages"
    more = ", and synthetic text with its provenance." if facts.synthetic else "."
    stated = [f"{name}: {inline(value)}." for name, value in (("Version", card.version), ("Published", card.published))]
    stated += [f"Made by {inline(card.creator)}." if card.creator else "Who publishes it is not stated."]
    return lead + more + " " + " ".join(s for s in stated if "–" not in s)


_SCAN = "scan" + "_parquet"  # a word of the card and no call: only the store touches tables
READ = f"""\
Parquet files lie in `{FOLDER}/` beside this card; `croissant.json` describes them to loaders.

```python
import polars as pl
pl.{_SCAN}("{FOLDER}/*.parquet").select("doc_id", "text").head().collect()

import duckdb
duckdb.sql("select source, count(*), sum(n_tokens) from '{FOLDER}/*.parquet' group by source")

import datasets
datasets.load_dataset("/path/to/this/folder", split="train")
```

`sha256sum -c checksums.sha256` tells whether the files are those that this card describes."""


def _columns() -> str:
    rows = [*((f.name, f.says) for f in fields.COLUMNS), *((f"provenance.{f.name}", f.says) for f in fields.PROVENANCE)]
    return table(("Column", "What it holds"), rows)


def _sources(facts: Facts) -> str:
    heads = ("Source", "Origin", "Documents", "Tokens", "Share asked for", "Copies of each document")
    rows = [tuple(s[k] for k in ("source", "origin", "documents", "tokens", "weight", "rate")) for s in facts.sources]
    sample = facts.params.input.sample
    part = "" if sample == 1 else f" Of the crawl, a share of {sample:g} of the records was read, by hash."
    return f"{table(heads, rows[:MOST])}\n\nTokens count every copy.{part}{_more(len(rows))}"


def _synthetic(facts: Facts) -> str:
    verdict = inline(facts.collapse.get("verdict"))
    heads = ("Source", "Generator", "Method", "Depth", "Licence", "Documents", "Tokens")
    keys = ("source", "generator", "method", "generation_depth", "licence", "documents", "tokens")
    rows = [tuple(s[k] for k in keys) for s in facts.synthetic]
    figures = facts.collapse.get("figures", {})
    shares = [(name.replace("_", " "), value) for name, value in figures.items() if name.endswith("_share")]
    why = [(r["verdict"], r["code"], r["source"], r["value"], r["bound"]) for r in facts.collapse.get("reasons", ())]
    return "\n\n".join(
        (
            "Depth: how many generators stand between a text and people's writing.",
            table(heads, rows[:MOST]) + _more(len(rows)),
            f"The collapse checks of the mixture say **{verdict}**. Shares are of tokens.",
            table(("Figure", "Value"), shares),
            table(("Asks for", "Reason", "Source", "Value", "Bound"), why),
            *_waivers(facts),
        )
    )


def _waivers(facts: Facts) -> Iterator[str]:
    """Who answers for a verdict that would have kept this release back; nothing where nobody has to."""
    own = [facts.collapse.get("waiver"), *(s.get("waiver") for s in facts.collapse.get("sources", {}).values())]
    rows = [(w["source"] or "the mixture", w["name"], w["reason"], w["expires"]) for w in own if w]
    if rows:
        yield "Verdicts that closed the gate were waived:"
        yield table(("Of", "By", "Because", "Until"), rows)


def _more(total: int) -> str:
    return f"\n\nThe first {MOST} of {total:,}." if total > MOST else ""


def _languages(facts: Facts) -> str:
    rows = facts.languages[:MOST]
    told = "Of crawled text, as a model told it, before weights; synthetic text is not measured."
    return f"{told}\n\n{table(('Language', 'Documents', 'Tokens'), rows)}{_more(len(facts.languages))}"


def _made(facts: Facts) -> str:
    reasons = [
        (stage, reason, n["documents"], n["tokens"])
        for stage, ledger in facts.ledgers.items()
        for reason, n in sorted(ledger["reasons"].items(), key=lambda rn: (-rn[1]["documents"], rn[0]))
    ]
    steps = table(("Step", "Documents kept", "Tokens kept"), [tuple(row.values()) for row in funnel(facts)])
    return "\n\n".join(
        (
            "Main texts were extracted from WARC records, filtered by heuristics, deduplicated, scored for toxicity, "
            "and mixed with synthetic text. Every rejected row has a reason.",
            steps,
            table(("Stage", "Reason", "Documents", "Tokens"), reasons),
        )
    )


def _filters(facts: Facts) -> str:
    found = sections(facts.params)
    rows = [row for name in STAGES_SHOWN for row in _flat(name, found[name])]
    return f"Keys of `params.yaml`, where their sources in the literature stand.\n\n{table(('Key', 'Value'), rows)}"


STAGES_SHOWN = ("extract", "quality", "dedup", "toxicity", "mix")


def _flat(key: str, value: Any) -> Iterator[tuple[Markdown, Markdown]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    elif value not in (None, [], {}) and not key.endswith(".files"):  # paths of one machine tell a reader nothing
        yield verbatim(key), verbatim(", ".join(map(_shown, value)) if isinstance(value, list) else _shown(value))


def _shown(value: object) -> str:
    """A value as params.yaml would have it. Nothing is masked: it is the recipe, not the data."""
    return (
        str(value).lower() if isinstance(value, bool) else f"{value:.12g}" if isinstance(value, float) else str(value)
    )


def personal_data(facts: Facts) -> str:
    """What was done about personal data, and what was not."""
    found = [f"{kind} ({n:,} replaced)" for kind, n in facts.edits.items()]
    what = f"Replaced in the text, by their form: {', '.join(found)}." if found else "Nothing was replaced."
    return (
        f"{what} Counts are of all documents that were looked at, released or not. Names, postal addresses, telephone "
        f"numbers and accounts are not looked for, titles and addresses of pages are not edited, and synthetic text is "
        f"not looked at: expect personal data in this release."
    )


def _takedowns(facts: Facts) -> str:
    contact, listed = facts.params.card.contact, len(facts.params.input.takedowns)
    who = f"Write to {verbatim(contact.strip())}" if contact else "**No contact is stated** (`card.contact`)."
    how = " and name the address or the doc_id; the next release will be without it." if contact else ""
    return f"{who}{how} {listed:,} addresses, hosts or ids were on the list when this release was made."


def _limits(facts: Facts) -> Iterator[str]:
    p = facts.params
    yield "Pages that build their text by script are absent, as are PDF files and images."
    yield "Heuristic bounds come from English papers; in other languages they reject more or less than meant."
    caught = 1 - (1 - p.dedup.threshold**p.dedup.rows) ** p.dedup.bands
    yield (
        f"Of two texts whose shingles overlap by {p.dedup.threshold:g} (Jaccard), the search meets the pair with "
        f"probability {caught:.3f}; copies below it stay. Synthetic text is not deduplicated."
    )
    if p.toxicity.report_only:
        yield "Toxicity was scored and rejected nobody: expect insult and hate."
    if p.quality.min_quality_score is None:
        yield "The quality model rejected nobody."
    if any(r["code"] == "low_power" for r in facts.collapse.get("reasons", ())):
        yield "A synthetic source was too small for the collapse statistics, which abstained."
    yield "Benchmarks were not searched for: assume that test sets are in it."


def _licence(facts: Facts) -> str:
    stated = inline(facts.params.card.licence) if facts.params.card.licence else "not stated (`card.licence`)"
    return (
        f"Of the compilation: {stated}. Crawled pages keep the rights of their authors, which this release does not "
        f"grant; licences of synthetic rows stand in `provenance.licence`."
    )


def _files(facts: Facts) -> str:
    rows = [(f.name, f.rows, f.size, f.sha256[:16]) for f in facts.files[:MOST]]
    return table(("File", "Rows", "Bytes", "sha256 (first 16)"), rows) + _more(len(facts.files))
