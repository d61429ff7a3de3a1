"""What a synthetic source declares: its seeds and how it was decoded, and with these the real text it is held against.

Real text is taken from the release, so that what is compared has been through the same filters. With `seeds` a source
is compared host by host with the documents it was made from; a synthetic row then has the domain of its seed's host,
as far as its reference is an address. All other references are one domain. Measures and judges nothing.
"""

from collections.abc import Mapping

import polars as pl

from stages.fasttext_models import top_label
from stages.mix import ngrams, windows
from stages.mix.params import Reference, WindowParams
from stages.urls import host

DECLARED = {"source": pl.String, "field": pl.String, "value": pl.String, "count": pl.Int64}
FIELDS = ("reference", "decoding")
Frames = dict[str, pl.DataFrame]


def declare(tables: Mapping[str, Mapping[str, pl.DataFrame]], params: None, models: Mapping[str, str]) -> Frames:
    """mix/synthetic by shard -> mix/declared: (source, field, value) with the number of rows that say so, sorted."""
    found = pl.DataFrame(schema=DECLARED)
    for _, table in sorted(tables["mix/synthetic"].items()):
        long = [table.select("source", pl.lit(f).alias("field"), pl.col(f).alias("value")) for f in FIELDS]
        new = pl.concat(long).drop_nulls().with_columns(count=pl.lit(1, pl.Int64)).select(*DECLARED)
        every = pl.concat([found, new])
        found = every.group_by("source", "field", "value", maintain_order=True).agg(pl.col("count").sum())
    return {"mix/declared": found.sort("source", "field", "value")}


def sample(tables: Mapping[str, pl.DataFrame], params: WindowParams, models: Mapping[str, str]) -> Frames:
    """mix/documents of a release shard and mix/declared -> mix/windows and mix/ngrams of what is judged."""
    first = tables["mix/documents"].filter(pl.col("copy") == 0)
    said = [pl.col("provenance").struct.field(n) for n in ("origin", "reference")]
    rows = first.with_columns(*said, without_addresses(pl.col("text"))).drop("provenance")
    made = rows.filter((pl.col("origin") == "synthetic") & pl.col("source").is_in(list(params.references)))
    real = rows.filter(pl.col("origin") == "crawl")
    seeded = [s for s, spec in params.references.items() if spec == "seeds"]
    sides = [_synthetic(made, seeded, models["language"])]
    for source, spec in sorted(params.references.items()):
        if isinstance(spec, Reference) and spec.files:
            continue
        chosen = _seeds(real, source, tables["mix/declared"]) if isinstance(spec, str) else _named(real, spec)
        sides.append(chosen.with_columns(source=pl.lit(source), origin=pl.lit("reference")).select(_COLUMNS))
    counted = ngrams.count(pl.concat([made, real]).select("source", "origin", "text"))
    return {"mix/windows": windows.sample(pl.concat(sides), params.reservoir), "mix/ngrams": counted}


_ADDRESS = (  # of mail and of machines, written as such or with (at)
    (r"(?i)[^\s<>()\[\]@＠﹫]{1,64}(?:[@＠﹫]|%40|\s?[\[({]\s?at\s?[\])}]\s?)[^\s<>()\[\]@＠﹫]{1,255}", "email"),
    (r"\d{1,3}(?:[.．]\d{1,3}){3}", "ip"),
)


def without_addresses(text: pl.Expr) -> pl.Expr:
    """Text with one word for all addresses: the release has one for all of its pages', and examples must show none.

    Words of a window have no punctuation by which anybody could still tell an address.
    """
    for pattern, word in _ADDRESS:
        text = text.str.replace_all(pattern, word)
    return text


_COLUMNS = ("source", "origin", "domain", "language", "doc_id", "host", "text")
_NO_DOMAIN = pl.lit("").alias("domain")


def _synthetic(made: pl.DataFrame, seeded: list[str], model: str) -> pl.DataFrame:
    """Synthetic rows with the language of their text, and the host of their seed where they are compared with seeds."""
    languages = [name for name, _ in top_label(model, made["text"].to_list())]
    hosts = [host(r) or "" for r in made["reference"]]
    domain = pl.when(pl.col("source").is_in(seeded)).then(pl.Series(hosts, dtype=pl.String)).otherwise(pl.lit(""))
    return made.with_columns(domain=domain, language=pl.Series(languages, dtype=pl.String)).select(_COLUMNS)


def _seeds(real: pl.DataFrame, source: str, declared: pl.DataFrame) -> pl.DataFrame:
    values = declared.filter((pl.col("source") == source) & (pl.col("field") == "reference"))["value"].to_list()
    by_url, by_id = pl.col("url").is_in(values), pl.col("doc_id").is_in(values)
    domain = pl.when(by_url).then(pl.col("host").fill_null("")).otherwise(pl.lit(""))
    return real.filter(by_url | by_id).with_columns(domain=domain)


def _named(real: pl.DataFrame, spec: Reference) -> pl.DataFrame:
    """Documents that meet all that is named."""
    keep = pl.lit(True)
    if spec.sources:
        keep &= pl.col("source").is_in(spec.sources)
    if spec.languages:
        keep &= pl.col("language").is_in(spec.languages)
    if spec.hosts:
        below = [pl.col("host").str.ends_with(f".{name}") for name in spec.hosts]
        keep &= pl.any_horizontal(pl.col("host").is_in(spec.hosts), *below).fill_null(False)
    return real.filter(keep).with_columns(_NO_DOMAIN)


def sample_file(rows: pl.DataFrame, source: str, size: int, model: str) -> Frames:
    """Rows of a file of real text (text, and id and url where there are any) -> mix/windows."""
    texts = rows.select(without_addresses(pl.col("text").cast(pl.String))).drop_nulls()
    at = rows.filter(pl.col("text").is_not_null())
    names = at["id"].cast(pl.String) if "id" in at.columns else pl.Series([None] * at.height, dtype=pl.String)
    ids = [name or text for name, text in zip(names, texts["text"])]
    frame = texts.with_columns(
        source=pl.lit(source),
        origin=pl.lit("reference"),
        domain=pl.lit(""),
        language=pl.Series([name for name, _ in top_label(model, texts["text"].to_list())], dtype=pl.String),
        doc_id=pl.Series([f"{windows.document_hash(i):016x}" for i in ids], dtype=pl.String),
        host=pl.Series([host(u) for u in at["url"]] if "url" in at.columns else [None] * at.height, dtype=pl.String),
    )
    return {"mix/windows": windows.sample(frame.select(_COLUMNS), size)}
