"""The params section `dedup`, and the parts of it that single families depend on."""

from typing import Literal

from pydantic import Field, model_validator

from stages.strict import Strict

Measure = Literal["jaccard", "containment"]


class DedupParams(Strict):
    """MinHash-LSH: candidates share one of `bands` bands of `rows` values; who is removed reaches the threshold."""

    threshold: float = Field(gt=0, le=1)
    measure: Measure = "jaccard"  # or containment: the share of a document's own shingles that a kept one has
    bands: int = Field(ge=1, le=256)
    rows: int = Field(ge=1, le=64)
    shingle: int = Field(ge=1, le=32)
    seed: int = Field(ge=0, lt=2**63)
    scope: Literal["global", "per_source", "groups"]
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # for scope groups: name -> sources
    prefer: tuple[Literal["earliest", "longest", "best_score", "source", "host"], ...]
    prefer_sources: tuple[str, ...] = ()  # for prefer source: best first
    prefer_hosts: tuple[str, ...] = ()  # for prefer host: best first
    index: str | None = None  # folder of an earlier release's index: who is in it is removed as released_…_duplicate
    write_index: bool = False  # leave data/mix/index/, from which a later release starts
    paragraphs: "ParagraphParams" = Field(default_factory=lambda: ParagraphParams())
    semantic: "SemanticParams" = Field(default_factory=lambda: SemanticParams())

    @model_validator(mode="after")
    def _sound(self) -> "DedupParams":
        if self.bands * self.rows > 1024:
            raise ValueError("bands x rows must not exceed 1024 values per document")
        named = [source for sources in self.groups.values() for source in sources]
        twice = sorted({source for source in named if named.count(source) > 1})
        if twice:
            raise ValueError(f"groups: {twice[0]!r} is in more than one group")
        if (self.scope == "groups") != bool(self.groups):
            raise ValueError("groups must be named where scope is groups, and only there")
        for policy, names in (("source", self.prefer_sources), ("host", self.prefer_hosts)):
            if (policy in self.prefer) != bool(names):
                raise ValueError(f"prefer_{policy}s must be named where prefer holds {policy!r}, and only there")
        return self


class ParagraphParams(Strict):
    """Removal of paragraphs that many pages of a host repeat. Off unless `min_pages` is given."""

    min_pages: int | None = Field(default=None, ge=2)  # pages of one host that hold the paragraph
    min_words: int = Field(default=8, ge=1)  # shorter paragraphs are left alone


class SemanticParams(Strict):
    """Texts that say the same in other words: off, listed in dedup/semantic (report), or removed as well (remove)."""

    enabled: Literal[False, "report", "remove"] = False
    threshold: float = Field(default=0.95, gt=0, le=1)  # cosine
    dimensions: int = Field(default=64, ge=2, le=512)
    documents: int = Field(
        default=20_000, ge=1
    )  # on which the word vectors are trained, about so many, by hash of doc_id
    cell: int = Field(default=2_000, ge=1)  # documents compared with each other, on average; half of that and more


class WordParams(Strict):
    """The part of `dedup.semantic` that word vectors depend on."""

    dimensions: int
    documents: int


class SignatureParams(Strict):
    """The part of `dedup` that a signature depends on."""

    bands: int
    rows: int
    shingle: int
    seed: int


class KeyParams(Strict):
    """The part of `dedup` that says who may be compared with whom, and who comes first."""

    bands: int
    rows: int
    scope: Literal["global", "per_source", "groups"]
    groups: dict[str, tuple[str, ...]]
    prefer_sources: tuple[str, ...]
    prefer_hosts: tuple[str, ...]


class SetParams(KeyParams):
    """The part of `dedup` that the sets of candidates depend on."""

    shingle: int
    prefer: tuple[str, ...]


class IndexParams(SetParams):
    """The part of `dedup` that an index of a release depends on."""

    seed: int


class VerifyParams(Strict):
    """The part of `dedup` that the judgement of candidates depends on."""

    threshold: float
    measure: Measure
    bands: int
    prefer: tuple[str, ...]


class DecideParams(Strict):
    """The part of `dedup` that decisions depend on. `semantic` is the bound of a semantic duplicate, if they leave."""

    threshold: float
    semantic: float | None


def decide_params(params: DedupParams) -> DecideParams:
    """What `decisions` takes of the section."""
    bound = params.semantic.threshold if params.semantic.enabled == "remove" else None
    return DecideParams(threshold=params.threshold, semantic=bound)


def key_params(params: DedupParams) -> KeyParams:
    """What `keys` takes of the section."""
    return KeyParams.model_validate({name: getattr(params, name) for name in KeyParams.model_fields})


def set_params(params: DedupParams) -> SetParams:
    """What `sets` takes of the section."""
    return SetParams.model_validate({name: getattr(params, name) for name in SetParams.model_fields})


def index_params(params: DedupParams) -> IndexParams:
    """What `index` takes of the section."""
    return IndexParams.model_validate({name: getattr(params, name) for name in IndexParams.model_fields})


def verify_params(params: DedupParams) -> VerifyParams:
    """What `near` takes of the section."""
    return VerifyParams.model_validate({name: getattr(params, name) for name in VerifyParams.model_fields})
