"""trafilatura's selectors, with their regular expressions taken once per distinct attribute instead of at every step.

The engine asks the same questions of every element again and again, and XPath hands each one back to Python: two fifths
of its time. `mark` takes all of these questions in one walk and notes the answers in an attribute; `install` rewrites
the engine's own expressions so that they read that attribute. Vocabulary and meaning stay the engine's: the rewriting is
mechanical, and an expression asked about a tree without marks is the original. Knows no page and no text.
"""

import importlib
import re
from functools import lru_cache
from typing import Any

from lxml.etree import XPath

MARK = "data-marks"
_LISTS = (
    "BODY_XPATH",
    "COMMENTS_XPATH",
    "OVERALL_DISCARD_XPATH",
    "RAW_TREE_PRUNE_XPATH",
    "REMOVE_COMMENTS_AND_LISTS_XPATH",
    "REMOVE_COMMENTS_XPATH",
)
_TEST = re.compile(r"re:test\(((?:@[\w-]+)(?:\|@[\w-]+)?),\s*'([^']*)'(?:,\s*'(i)')?\)")
_NAMED = XPath(".//*[@id or @class or @style]")
_NAMESPACES = {"re": "http://exslt.org/regular-expressions"}
_TESTS: dict[tuple[str, str, str], str] = {}  # (attributes, pattern, flags) -> mark
_PATTERNS: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # attributes -> [(mark, pattern)]


class Selector:
    """An expression of the engine, and the same one reading marks. Called with a tree, as an XPath is."""

    def __init__(self, original: XPath) -> None:
        self.original = original
        path = _TEST.sub(_marked, original.path)
        self.marked = XPath(path, namespaces=_NAMESPACES)

    def __call__(self, tree: Any) -> Any:
        """The elements that the expression selects, in document order."""
        marked = tree.getroottree().getroot().get(MARK) is not None
        return self.marked(tree) if marked else self.original(tree)


def _marked(test: re.Match[str]) -> str:
    """The test of a mark that stands for a test by regular expression."""
    attributes, pattern, flags = test[1], test[2], test[3] or ""
    key = (attributes, pattern, flags)
    if key not in _TESTS:
        mark = _TESTS[key] = f" {len(_TESTS)} "
        compiled = re.compile(pattern, re.IGNORECASE if flags else 0)
        _PATTERNS.setdefault(attributes, []).append((mark, compiled))
    return f"contains(@{MARK}, '{_TESTS[key]}')"


def install() -> None:
    """Put selectors in the place of the engine's expressions, once per process."""
    xpaths, baseline = (importlib.import_module(f"trafilatura.{name}") for name in ("xpaths", "baseline"))
    for name in _LISTS:
        expressions: list[Any] = getattr(xpaths, name)
        expressions[:] = [e if isinstance(e, Selector) else Selector(e) for e in expressions]
    cleaning: Any = baseline
    if not isinstance(cleaning.BASIC_CLEAN_XPATH, Selector):
        cleaning.BASIC_CLEAN_XPATH = Selector(cleaning.BASIC_CLEAN_XPATH)


def mark(tree: Any) -> None:
    """Note on every element of a tree which of the engine's patterns its id, class and style match."""
    tree.set(MARK, "")
    for element in _NAMED(tree):
        marks = _of_element(element)
        if marks:
            element.set(MARK, marks)


def _of_element(element: Any) -> str:
    marks = ""
    for attributes in _PATTERNS:
        value = _value(element, attributes)
        if value:
            marks += _matching(attributes, value)
    return marks


def _value(element: Any, attributes: str) -> str | None:
    """The string that XPath sees: of two attributes, the one that stands first in the page."""
    first, _, second = attributes.replace("@", "").partition("|")
    value: str | None = element.get(first)
    if second and (other := element.get(second)) is not None:
        return str(other) if value is None else next(v for k, v in element.items() if k in (first, second))
    return value


@lru_cache(maxsize=1 << 15)
def _matching(attributes: str, value: str) -> str:
    return "".join(mark for mark, pattern in _PATTERNS[attributes] if pattern.search(value))
