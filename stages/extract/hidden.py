"""Text that a page holds and people do not see, as far as attributes and styles in the tags say so.

What style sheets and scripts hide is not known here: menus that open on a click are hidden like that, and so are most
pages' own parts. Counts characters; takes nothing away.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# Selectors of elements that may hide something or say on what ground; pictures hold no text.
ATTRIBUTES = ("[hidden]", "[aria-hidden='true' i]:not(svg):not(i):not(img)", "[style]", "font[color]", "[bgcolor]")
_SILENT = frozenset({"script", "style", "template", "noscript", "svg", "head", "title", "meta", "link", "br", "img"})
_EDGE = r"(?:^|[;\s])"
_END = r"\s*(?:[;!]|$)"
_ZERO = r"(?:0+(?:\.0+)?|\.0+)"  # no two ways to read a run of zeros: a style is hostile
_HIDING = tuple(
    (kind, re.compile(_EDGE + "(?:" + pattern + ")"))
    for kind, pattern in (
        ("display", r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*" + _ZERO + _END),
        ("size", r"font-size\s*:\s*" + _ZERO + "(?:px|pt|em|rem|%)?" + _END),
        ("size", r"clip\s*:\s*rect\(\s*[01](?:px)?(?:[\s,]+[01](?:px)?){3}"),
        ("place", r"(?:left|right|top|bottom|text-indent|margin-left|margin-top)\s*:\s*-\d{3,}"),
    )
)
_COLOUR = re.compile(r"(?:^|[;\s])color\s*:\s*([^;!]{1,40})")
_GROUND = re.compile(r"(?:^|[;\s])background(?:-color)?\s*:\s*([^;!]{1,60})")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})")
_NAMES = {"white": "ffffff", "black": "000000", "red": "ff0000", "yellow": "ffff00", "blue": "0000ff", "gray": "808080"}
_LONG = 60  # characters: below it an element holds no script
_STYLE_MAX = 2_000  # characters
_DEPTH = 20  # elements upwards in which a background is looked for
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class _Style:
    """What a style says: how it hides, and the colours of text and ground, where they are plain."""

    kind: str | None
    colour: str | None
    ground: str | None


@lru_cache(maxsize=1 << 14)
def _style(text: str) -> _Style:
    style = text.lower()
    kind = next((kind for kind, pattern in _HIDING if pattern.search(style)), None)
    colour, ground = _COLOUR.search(style), _GROUND.search(style)
    return _Style(kind, colour and _colour(colour[1]), ground and (_colour(ground[1]) or "other"))


def hidden(nodes: Sequence[Any]) -> tuple[int, tuple[str, ...]]:
    """(characters but blanks in hidden elements, how they are hidden) of the elements with ATTRIBUTES, as they stand.

    An element inside a hidden one counts once.
    """
    n_chars, kinds, last = 0, set[str](), None
    told = [(node, node.tag, _style((node.getattr("style") or "")[:_STYLE_MAX])) for node in nodes]
    grounds = {node: ground for node, _, style in told if (ground := _ground(node, style))}
    colours = frozenset(grounds.values())
    for node, tag, style in told:
        kind = None if tag in _SILENT else _kind(node, tag, style, grounds, colours)
        if kind is None or (last is not None and last.contains(node)):
            continue
        last, n = node, _n_chars(node)
        n_chars += n
        kinds |= {kind} if n else set()
    return n_chars, tuple(sorted(kinds))


def _ground(node: Any, style: _Style) -> str | None:
    return style.ground or _colour(node.getattr("bgcolor") or "")


def _kind(node: Any, tag: str, style: _Style, grounds: Mapping[Any, str], colours: Set[str]) -> str | None:
    """How an element is hidden; `grounds`: the elements that state a background, which is one of `colours`."""
    if style.kind:
        return style.kind
    if node.hasattr("hidden"):
        return None if (node.getattr("hidden") or "").lower() == "until-found" else "attribute"
    colour = style.colour or (_colour(node.getattr("color") or "") if tag == "font" else None)
    if colour in colours and _stands_on(node, grounds) == colour:
        return "colour"
    return "aria" if (node.getattr("aria-hidden") or "").lower() == "true" else None


def _stands_on(node: Any, grounds: Mapping[Any, str]) -> str | None:
    """The nearest stated background. Asks no element around for its attributes: one may be as long as the page."""
    around = node
    for _ in range(_DEPTH):
        if around is None or around in grounds:
            return grounds.get(around)
        around = around.parent_element
    return None


def _colour(value: str) -> str | None:
    """Six hex digits; null for what is no plain colour."""
    if not value:
        return None
    text = value.strip().lower()
    text = _NAMES.get(text, text.removeprefix("#"))
    if len(text) in (3, 6) and all(c in "0123456789abcdef" for c in text):
        return text if len(text) == 6 else "".join(2 * c for c in text)
    found = _RGB.match(text)
    return "".join(f"{min(255, int(n)):02x}" for n in found.groups()) if found else None


def _n_chars(node: Any) -> int:
    text = node.text
    n = len(_BLANKS.sub("", text))
    if n > _LONG:  # may hold scripts
        inside = node.query_selector_all("script,style,template,noscript")[:]
        n -= sum(len(_BLANKS.sub("", part.text)) for part in inside)
    return max(0, n)
