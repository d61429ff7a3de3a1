"""The params section `extract`."""

from typing import Literal

from pydantic import Field

from stages.strict import Strict

DAY = r"^\d{4}-\d{2}-\d{2}$"
Wish = Literal["noai", "noimageai", "noindex", "noarchive", "nosnippet", "none", "tdm_reservation"]


class Prefilter(Strict):
    """Bounds of the cheap look, each looser than the quality bound it anticipates. Null switches a bound off."""

    min_words: int | None = Field(default=None, ge=0)
    languages: tuple[str, ...] | None = None


class Provenance(Strict):
    """What a page says about itself that rejects it; by default nothing does. What a page does not say is no reason,
    but for `licences`, which keeps to what is named.
    """

    wishes: tuple[Wish, ...] = ()  # pages that say one of these
    licences: tuple[str, ...] | None = None  # the beginnings of SPDX names that are kept, such as CC-BY
    max_hidden_share: float | None = Field(default=None, ge=0, le=1)
    own_canonical: bool = False  # pages that name another address as theirs
    earliest: str | None = Field(default=None, pattern=DAY)  # of page_date
    latest: str | None = Field(default=None, pattern=DAY)


class ExtractParams(Strict):
    """What becomes a document. Limits are deterministic: they count bytes and nodes, not seconds."""

    max_page_bytes: int = Field(gt=0)
    max_nodes: int = Field(gt=0)
    max_depth: int = Field(gt=0)
    max_text_chars: int = Field(gt=0)
    min_text_chars: int = Field(ge=1)
    keep_status: tuple[int, ...]
    prefilter: Prefilter
    provenance: Provenance = Provenance()
