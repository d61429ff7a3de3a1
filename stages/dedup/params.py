"""The params section `dedup`."""

from typing import Literal

from pydantic import Field, model_validator

from stages.strict import Strict


class DedupParams(Strict):
    """MinHash-LSH: candidates share one of `bands` bands of `rows` values; who is removed has Jaccard >= threshold."""

    threshold: float = Field(gt=0, le=1)
    bands: int = Field(ge=1, le=256)
    rows: int = Field(ge=1, le=64)
    shingle: int = Field(ge=1, le=32)
    seed: int = Field(ge=0, lt=2**63)
    scope: Literal["global", "per_source"]
    prefer: tuple[Literal["earliest", "longest", "best_score"], ...]

    @model_validator(mode="after")
    def _width(self) -> "DedupParams":
        if self.bands * self.rows > 1024:
            raise ValueError("bands x rows must not exceed 1024 values per document")
        return self


class SignatureParams(Strict):
    """The part of `dedup` that a signature depends on."""

    bands: int
    rows: int
    shingle: int
    seed: int
