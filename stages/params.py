"""params.yaml as frozen types. A function takes the part it needs; an unknown key names its nearest known one."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from stages.dedup.params import DedupParams
from stages.extract.params import ExtractParams
from stages.mix.params import MixParams
from stages.quality.params import QualityParams, signal_names
from stages.strict import Strict
from stages.toxicity.params import ToxicityParams


class BadParams(ValueError):
    """params.yaml cannot be used. The message names the key."""


class Model(Strict):
    """A model file and the sha256 it must have."""

    path: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class UrlList(Strict):
    """A list of hosts, paths and urls: a file (plain or .gz), or a folder that holds files `domains` and `urls`.

    `sha256`: of the file; of a folder, of what sha256sum says of its files, in the order of their names; null: whatever
    lies there. `block` rejects what is listed, `allow` exempts it from that, `only` rejects what no such list holds.
    """

    path: str
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    use: Literal["block", "allow", "only"] = "block"


class CommonCrawl(Strict):
    """Archives of one crawl of Common Crawl, by their place in its list of paths."""

    crawl: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*$")  # CC-MAIN-2025-30, or CC-NEWS/2025/07
    files: int | str  # so many from the first on, or "100-200": from the 100th to the 200th
    base: str = "https://data.commoncrawl.org/"

    @field_validator("files")
    @classmethod
    def _files(cls, value: int | str) -> int | str:
        first, _, last = str(value).partition("-") if isinstance(value, str) else ("1", "-", str(value))
        if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
            raise ValueError('a number of files, or a range such as "100-200" that begins at 1 or later')
        return value

    @property
    def places(self) -> tuple[int, int]:
        """The first and the last place in the list, both included, counted from 1."""
        first, _, last = str(self.files).rpartition("-")
        return int(first or 1), int(last)


class Input(Strict):
    """What comes from outside."""

    warcs: str | tuple[str, ...] | dict[str, str | tuple[str, ...]]
    common_crawl: CommonCrawl | None = None
    sample: float = Field(default=1.0, gt=0, le=1)  # share of the shards' records that is read, by hash of doc_id
    takedowns: tuple[str, ...] = ()  # urls, hosts or doc_ids
    url_lists: dict[str, UrlList] = Field(default_factory=dict)  # name -> list
    models: dict[str, Model]


class Fetch(Strict):
    """How files are brought from other machines (http, https, s3)."""

    attempts: int = Field(default=6, ge=1, le=100)  # tries in a row without a byte gained
    wait_seconds: float = Field(default=0.5, ge=0, le=60)  # before the second try; doubled with each, up to a minute
    timeout_seconds: float = Field(default=60, gt=0, le=3600)  # of silence
    at_once: int = Field(default=4, ge=1, le=64)  # files
    cache_gb: float = Field(default=200, gt=0)  # of disk for copies; what was used longest ago leaves first
    s3_anonymous: bool = False  # public buckets, without credentials
    s3_region: str | None = None  # null: as the environment says
    s3_endpoint: str | None = None  # https://host:port of another store than that of AWS


class Run(Strict):
    """How a run is carried out, never what it computes."""

    workers: int | None = Field(default=None, ge=1, le=4096)
    executor: Literal["auto", "ray", "inprocess"] = "auto"
    ray_from: int = Field(default=16, ge=0)
    store: str = "data"
    memory_mb: int = Field(default=600, ge=64)
    retries: int = Field(default=2, ge=0, le=10)
    fetch: Fetch = Fetch()


class Band(Strict):
    """A share that must lie within [min, max]."""

    min: float = Field(default=0.0, ge=0, le=1)
    max: float = Field(default=1.0, ge=0, le=1)

    @model_validator(mode="after")
    def _order(self) -> "Band":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}: no share lies between them")
        return self


class Gate(Strict):
    """Bounds of one stage's suite: shares of the rows the stage was given, but `languages`, of those it kept."""

    min_rows: int = Field(default=1, ge=0)  # kept rows
    reject_rate: Band = Band()
    reject: dict[str, Band] = Field(default_factory=dict)  # reason -> share of all rows
    languages: dict[str, Band] = Field(default_factory=dict)  # language -> share of kept rows


class DedupGate(Gate):
    """Bounds of dedup. `max_source_loss`: a source or host may lose no larger share as near duplicates."""

    max_source_loss: float = Field(default=0.9, ge=0, le=1)


class MixGate(Gate):
    """Bounds of the mixture. `low_power_tokens`: with more synthetic tokens, ABSTAIN(low_power) closes the gate."""

    low_power_tokens: int = Field(default=1_000_000, ge=0)


class Gates(Strict):
    """One suite per stage."""

    extract: Gate
    quality: Gate
    dedup: DedupGate
    toxicity: Gate
    mix: MixGate


class Report(Strict):
    """What the report shows, and the rates by which it estimates energy and money; nothing here changes a table."""

    examples_per_reason: int = Field(default=3, ge=0, le=20)
    example_shards: int = Field(default=8, ge=1, le=100)  # whose decisions are read for examples, per stage
    watts_per_core: float = Field(default=4.0, ge=0)
    core_hour_price: float = Field(default=0.0425, ge=0)  # rented
    kwh_price: float = Field(default=0.127, ge=0)  # owned
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    grams_co2_per_kwh: float = Field(default=473.0, ge=0)


class Card(Strict):
    """What the card of the release says beside what a run knows; null: it is said that nothing is stated."""

    name: str = "sluicegate-release"
    version: str | None = None
    published: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    creator: str | None = None
    url: str | None = Field(default=None, pattern=r"^https?://[^\s<>\"]+$")
    licence: str | None = None  # an SPDX name or an address; of the compilation, not of the pages in it
    contact: str | None = None  # who answers requests to take a page down


class Params(Strict):
    """The recipe: every number an analyst may change."""

    input: Input
    run: Run
    extract: ExtractParams
    quality: QualityParams
    dedup: DedupParams
    toxicity: ToxicityParams
    mix: MixParams
    gates: Gates
    report: Report = Report()
    card: Card = Card()


def parse(raw: Any) -> Params:
    """Validate the content of params.yaml. Raises BadParams with one line per fault, naming the key to change."""
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        raise BadParams("\n".join(_sentence(fault, raw) for fault in error.errors())) from None
    unknown = [k for k in params.quality.signals if k not in signal_names()]
    if unknown:
        raise BadParams("\n".join(_unknown(f"quality.signals.{k}", k, list(signal_names())) for k in unknown))
    loose = params.extract.prefilter.languages
    if loose is not None and not set(params.quality.languages) <= set(loose):
        raise BadParams("extract.prefilter.languages must contain every language of quality.languages")
    words = params.quality.signals.get("word_count")
    if (params.extract.prefilter.min_words or 0) > (words.min or 0 if words else 0) / 2:
        raise BadParams(
            "extract.prefilter.min_words must not exceed half of quality.signals.word_count.min:"
            " a page's words are counted in another way than its text's"
        )
    return params


def _sentence(fault: Any, raw: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return _unknown(key, str(fault["loc"][-1]), _known(fault["loc"][:-1]))
    return f"{key}: {fault['msg']}"


def _unknown(key: str, name: str, known: list[str]) -> str:
    return f"{key}: unknown key{nearest(name, known)}"


def nearest(name: str, known: Sequence[str]) -> str:
    """What to add to an error about a name that is not known: the nearest one that is, if there is any."""
    near = get_close_matches(name, known, n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""


def _known(path: tuple[Any, ...]) -> list[str]:
    """The keys of the section at `path`, found by walking the types."""
    model: type[BaseModel] | None = Params
    for part in path:
        field = model.model_fields.get(str(part)) if model else None
        model = _section(field.annotation) if field else model
    return list(model.model_fields) if model else []


def _section(annotation: Any) -> type[BaseModel] | None:
    """The params type inside an annotation such as `Prefilter` or `dict[str, Band]`."""
    options = [annotation, *getattr(annotation, "__args__", ())]
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def sections(params: Params) -> Mapping[str, Any]:
    """Plain values of every section, in the order of params.yaml."""
    return params.model_dump(mode="json")
