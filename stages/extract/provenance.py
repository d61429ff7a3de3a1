"""What a page says about itself: licence, date, canonical address, wishes as to machines, text that people do not see.

One pass over the parsed tree (Page.signals) and one over HTTP's headers; rules on them stand in rules.py. A page's own
words are hostile: they are cut, cleaned, and never followed. Knows no tree library: it asks a tree by CSS selectors.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from stages.extract.hidden import ATTRIBUTES, hidden
from stages.extract.pages import Look, Signals

TEXT_MAX = 300  # characters of a value that a page gives
_LD_MAX = 200_000  # characters of one block of JSON-LD
_LD_BLOCKS = 8
_LD_NODES = 2_000
_LD_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{10,40})"')
_ELEMENTS_MAX = 20_000
_SAYING = (
    *("meta[content]", "time[datetime]", "script[type='application/ld+json']", "a[href*='creativecommons.org/']"),
    *(f"{tag}[rel~='{rel}' i]" for tag in ("link", "a") for rel in ("canonical", "license")),
)
_WANTED = ",".join((*_SAYING, *ATTRIBUTES))
_UNCLEAN = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_DAY = re.compile(r"\s*((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)")
_CC = re.compile(
    r"^(?:https?:)?//(?:www\.)?creativecommons\.org/(?:licen[sc]es/(by(?:-(?:nc|nd|sa)){0,2})/(\d\.\d)|publicdomain/(zero|mark)/1\.0)",
    re.IGNORECASE,
)
_PUBLIC = {"zero": "CC0-1.0", "mark": "PDM-1.0"}
_DATES = (
    *("article:published_time", "datepublished", "dc.date.issued", "dcterms.issued", "citation_publication_date"),
    *("parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "dc.date", "date"),
)
_LICENCES = ("dc.rights.license", "dcterms.license", "dcterms.rights", "dc.rights", "license", "licence", "rights")
# Directives of robots metas and X-Robots-Tag that speak about what a page may be used for.
WISHES = ("noai", "noimageai", "noindex", "noarchive", "nosnippet", "none")
RESERVED = "tdm_reservation"
_ROBOTS, _RESERVATION = ("robots", "googlebot"), "tdm-reservation"
_RULES_MAX = 4_000  # characters of one meta or header of directives: many name a dozen robots in it
_WORDS = re.compile(r"[^,:;\s]+|[,:;]")
_VALUED = ("max-", "unavailable_after")  # max-image-preview: none, unavailable_after: 25 Jun 2010 15:00:00 PST


class _Found:
    """What one walk over a page's tree found: elements by what they may say, in the order of the page."""

    def __init__(self, tree: Any) -> None:
        self.metas: dict[str, str] = {}  # name, property or itemprop in lower case -> content, the first of each
        self.robots: list[str] = []  # contents of every robots meta: a site and its plugins write one each
        self.reserved: list[str] = []
        self.rels: dict[str, str] = {}  # relation -> address, the first of each
        self.licences: set[str] = set()  # of Creative Commons, linked anywhere
        self.json_ld: list[str] = []
        self.time: str | None = None
        self.styled: list[Any] = []
        for node in tree.document.query_selector_all(_WANTED)[:_ELEMENTS_MAX]:
            self._sort(node, node.tag)

    def _sort(self, node: Any, tag: str) -> None:
        if tag == "meta":
            name = node.getattr("name") or node.getattr("property") or node.getattr("itemprop") or ""
            self._meta(name.strip().lower(), node.getattr("content") or "")
        elif tag == "script":
            self.json_ld.append(node.text)
        elif tag in ("a", "link"):
            self._link(node.getattr("href") or "", node.getattr("rel") or "")
        elif tag == "time":
            self.time = self.time or node.getattr("datetime")
        if tag not in ("meta", "script", "link"):
            self.styled.append(node)

    def _meta(self, name: str, content: str) -> None:
        self.metas.setdefault(name, content)
        if name in _ROBOTS:
            self.robots.append(content)
        elif name == _RESERVATION:
            self.reserved.append(content)

    def _link(self, href: str, relations: str) -> None:
        for relation in relations.lower().split():
            self.rels.setdefault(relation, href)
        if _CC.match(href.strip()):
            self.licences.add(licence_name(href) or "")


def of_page(tree: Any) -> Signals:
    """The signals of a parsed page; `tree.document` answers `query_selector_all`."""
    found = _Found(tree)
    ld = [*_json_ld(found.json_ld)]
    date, by_date = _date(found)
    licence, by_licence = _licence(found, ld)
    return Signals(
        date,
        by_date,
        _text(found.rels.get("canonical")),
        licence,
        by_licence,
        tuple(sorted(_wishes(found.robots, found.reserved))),
        _text(found.metas.get("tdm-policy")),
        *hidden(found.styled),
    )


def with_headers(page: Signals, headers: Mapping[str, str]) -> Signals:
    """The signals of a page with what HTTP says: X-Robots-Tag, tdm-reservation and tdm-policy, names in lower case."""
    said = _wishes([headers.get("x-robots-tag", "")], [headers.get(_RESERVATION, "")])
    policy = page.tdm_policy or _text(headers.get("tdm-policy"))
    return Signals(**{**vars(page), "wishes": tuple(sorted({*page.wishes, *said})), "tdm_policy": policy})


def hidden_share(look: Look) -> float | None:
    """Hidden characters in all of the page's; null where it has none. Texts that engines add count as shown."""
    whole = max(look.n_letters, look.signals.hidden_chars)
    return round(look.signals.hidden_chars / whole, 4) if whole else None


def _json_ld(blocks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The objects of JSON-LD that names a licence, those inside others too but for pictures; at most _LD_NODES."""
    told = [text for text in blocks[:_LD_BLOCKS] if len(text) <= _LD_MAX and '"license"' in text]
    left: list[Any] = [one for text in told for one in _parsed(text)]
    for _ in range(_LD_NODES):
        if not left:
            return
        one = left.pop(0)
        if isinstance(one, dict):
            if one.get("@type") == "ImageObject":
                continue
            yield one
        left += [v for v in (one.values() if isinstance(one, dict) else one) if isinstance(v, dict | list)]


def _parsed(text: str) -> list[Any]:
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    return [found] if isinstance(found, dict | list) else []


def _date(found: _Found) -> tuple[str | None, str | None]:
    told = (_LD_DATE.search(text[:_LD_MAX]) for text in found.json_ld[:_LD_BLOCKS])
    stated = (
        *((found.metas[name], "meta") for name in _DATES if name in found.metas),
        *((one[1], "json-ld") for one in told if one),
        (found.time, "time"),
    )
    return next(((day, by) for value, by in stated if (day := _day(value))), (None, None))


def _day(value: Any) -> str | None:
    found = _DAY.match(value) if isinstance(value, str) else None
    return "-".join(found.groups()) if found else None


def _licence(found: _Found, ld: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    """rel=license first, since it is said of the page; then JSON-LD, metas and, of Creative Commons alone, any link."""
    stated = (
        (found.rels.get("license"), "rel"),
        *((_address(one.get("license")), "json-ld") for one in ld),
        *((found.metas.get(name), "meta") for name in _LICENCES),
    )
    one = next(((name, by) for value, by in stated if value and (name := licence_name(value))), None)
    return one or ((next(iter(found.licences)), "link") if len(found.licences) == 1 else (None, None))


def _address(value: Any) -> str | None:
    held = (value.get("@id") or value.get("url")) if isinstance(value, dict) else value
    return held if isinstance(held, str) else None


def licence_name(stated: str) -> str | None:
    """The SPDX name of a Creative Commons address; other addresses and words as they are, cleaned and cut."""
    found = _CC.match(stated.strip())
    if found is None:
        return _text(stated)
    return _PUBLIC[found[3].lower()] if found[3] else f"CC-{found[1].upper()}-{found[2]}"


def _wishes(robots: Iterable[str], reserved: Iterable[str]) -> set[str]:
    """WISHES among directives, whomever they address, and RESERVED; of repeated metas and headers what any one says.

    TDM Reservation Protocol: 1 reserves the rights of text and data mining.
    """
    said = {word for value in robots for word in _directives(value[:_RULES_MAX].lower()) if word in WISHES}
    return said | {RESERVED for value in reserved if "1" in (one.strip() for one in value[:_RULES_MAX].split(","))}


def _directives(value: str) -> Iterator[str]:
    """The words of `googlebot: noindex, max-image-preview: none` but those that are another directive's value."""
    words = _WORDS.findall(value)
    for name, mark, word in zip(("", "", *words), ("", *words), words):
        if mark != ":" or not name.startswith(_VALUED):
            yield word


def _text(value: str | None) -> str | None:
    return _UNCLEAN.sub(" ", (value or "")[: 4 * TEXT_MAX]).strip()[:TEXT_MAX] or None
