"""What a synthetic source declares: its seeds and how it was decoded, and with these the real text it is held against.

Real text is taken from the release, so that what is compared has been through the same filters. With `seeds` a source
is compared host by host with the documents it was made from; a synthetic row then has the domain of its seed's host,
as far as its reference is an address. All other references are one domain. Measures and judges nothing.
"""

from collections.abc import Iterator, Mapping

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
    reservoir, counter = windows.Reservoir(params.reservoir), ngrams.Counter()
    first = tables["mix/documents"].filter(pl.col("copy") == 0)
    seeded = [source for source, spec in params.references.items() if spec == "seeds"]
    seeds = {source: _seeds_of(source, tables["mix/declared"], first) for source in seeded}
    for some in _slices(first):
        said = [pl.col("provenance").struct.field(n) for n in ("origin", "reference")]
        rows = some.with_columns(*said, without_addresses(pl.col("text"))).drop("provenance")
        made = rows.filter((pl.col("origin") == "synthetic") & pl.col("source").is_in(list(params.references)))
        real = rows.filter(pl.col("origin") == "crawl")
        for side in _sides(made, real, params, seeds, models["language"]):
            reservoir.add(side)
        counter.add(pl.concat([made, real]).select("source", "origin", "text"))
    return {"mix/windows": reservoir.windows(), "mix/ngrams": counter.table()}


SLICE = 1 << 22  # bytes of text that are looked at at once: it is copied about six times on its way to windows


def _slices(documents: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Documents in order, some at a time: at most SLICE bytes of text, and one document more."""
    numbers = (documents["text"].str.len_bytes().fill_null(0).cum_sum() // SLICE).rle()
    for length in numbers.struct.field("len"):
        yield documents[:length]
        documents = documents[length:]


def _sides(
    made: pl.DataFrame, real: pl.DataFrame, params: WindowParams, seeds: Mapping[str, pl.Series], model: str
) -> Iterator[pl.DataFrame]:
    """What is judged, and for each source that has no file of its own what it is held against."""
    yield _synthetic(made, list(seeds), model)
    for source, spec in sorted(params.references.items()):
        if isinstance(spec, Reference) and spec.files:
            continue
        chosen = _seeds(real, seeds[source]) if isinstance(spec, str) else _named(real, spec)
        yield chosen.with_columns(source=pl.lit(source), origin=pl.lit("reference")).select(_COLUMNS)


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


def _seeds_of(source: str, declared: pl.DataFrame, documents: pl.DataFrame) -> pl.Series:
    """What a source names as its seeds, of these documents: few of a corpus are in any one shard."""
    values = declared.filter((pl.col("source") == source) & (pl.col("field") == "reference"))["value"]
    return values.filter(values.is_in(pl.concat([documents["url"], documents["doc_id"]]).drop_nulls().implode()))


def _seeds(real: pl.DataFrame, seeds: pl.Series) -> pl.DataFrame:
    by_url, by_id = (pl.col(name).is_in(seeds.implode()) for name in ("url", "doc_id"))
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
