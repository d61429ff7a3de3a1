"""The params section `extract`."""

from pydantic import Field

from stages.strict import Strict


class Prefilter(Strict):
    """Bounds of the cheap look, each looser than the quality bound it anticipates. Null switches a bound off."""

    min_words: int | None = Field(default=None, ge=0)
    languages: tuple[str, ...] | None = None


class ExtractParams(Strict):
    """What becomes a document. Limits are deterministic: they count bytes and nodes, not seconds."""

    max_page_bytes: int = Field(gt=0)
    max_nodes: int = Field(gt=0)
    max_depth: int = Field(gt=0)
    max_text_chars: int = Field(gt=0)
    min_text_chars: int = Field(ge=1)
    keep_status: tuple[int, ...]
    prefilter: Prefilter
