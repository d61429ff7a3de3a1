"""Which elements trafilatura's selectors mean, found in one walk over a tree instead of one XPath query per selector.

A query calls back into Python for every regular expression on every element, a third of the time of a page. Here an
attribute's value is judged once, for all selectors, and remembered: sites repeat their class names. The patterns are
read from the selectors themselves; what surrounds them is written out below and held to the originals by a test.
Knows no engine: the originals come as XPath strings.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

_TEST = re.compile(r"re:test\((@[a-z|@]+), '([^']*)'(?:, '(i)')?\)")
_REMEMBERED = 1 << 14  # values of a few dozen characters
_SHORT = 200  # characters of a value that is remembered
_FIELDS = ("div", "item", "list", "p", "section", "span")
_FRAMES = ("article", "div", "main", "section")
# What a value speaks for. The last three count in one of two attributes alone, the one that comes first in the page.
FIELD, ANYWHERE, CAPTION, TEASER, COOKIE, REPLY, HIDDEN = (1 << i for i in range(7))
_FIRST_OF = ((COOKIE, FIELD, ("id", "class")), (REPLY, ANYWHERE, ("id", "class")), (HIDDEN, ANYWHERE, ("id", "style")))
_IF_FIRST = COOKIE | REPLY | HIDDEN
Judge = Callable[[str], int]
Tree = Any  # lxml's element


def patterns(path: str) -> dict[str, re.Pattern[str]]:
    """Attribute -> the regular expression that a selector holds it against; of several, their alternative."""
    found: dict[str, list[str]] = {}
    for names, pattern, fold in _TEST.findall(path):
        found.setdefault(names.replace("@", ""), []).append(f"(?i:{pattern})" if fold else pattern)
    return {names: re.compile("|".join(alternatives)) for names, alternatives in found.items()}


def _remembering(judge: Judge) -> Judge:
    """The same, faster for what was seen before; long values are not kept."""
    known = lru_cache(maxsize=_REMEMBERED)(judge)
    return lambda value: known(value) if len(value) <= _SHORT else judge(value)


class Discards:
    """Elements of a converted tree that are no content: those to discard, captions of images, teasers."""

    def __init__(self, of_fields: str, of_all: str) -> None:
        self._field, self._all = patterns(of_fields), patterns(of_all)
        self._judges: dict[str, Judge] = {
            "class": _remembering(self._of_class),
            "id": _remembering(self._of_id),
            "style": _remembering(_of_style),
            "role": lambda value: FIELD if "nav" in value.replace("N", "n") else 0,
            "data-component": lambda value: FIELD if "MostPopularStories" in value else 0,
            "data-lp-replacement-content": lambda _: FIELD,
            "aria-hidden": lambda value: ANYWHERE if value == "true" else 0,
        }

    def _of_class(self, value: str) -> int:
        bits = FIELD if self._field["class"].search(value) else 0
        bits |= ANYWHERE if value == "comments-title" or self._all["class"].search(value) else 0
        return bits | self._of_either(value)

    def _of_id(self, value: str) -> int:
        bits = FIELD if self._field["id"].search(value) else 0
        bits |= ANYWHERE if self._all["id"].search(value) else 0
        return bits | self._of_either(value) | (HIDDEN if self._all["id|style"].search(value) else 0)

    def _of_either(self, value: str) -> int:
        bits = COOKIE if self._field["id|class"].search(value) else 0
        bits |= REPLY if value.startswith("reply-") else 0
        return bits | (CAPTION if "caption" in value else 0) | (TEASER if "teaser" in value.replace("T", "t") else 0)

    def find(self, tree: Tree) -> dict[int, list[Tree]]:
        """FIELD, CAPTION and TEASER -> the elements below `tree`, in the order of the page; FIELD stands for both kinds
        of what is to be discarded.
        """
        found: dict[int, list[Tree]] = {FIELD: [], CAPTION: [], TEASER: []}
        judges = self._judges
        for element in tree.iterdescendants("*"):
            pairs = element.items()
            if not pairs:
                continue
            bits = 0
            for name, value in pairs:
                if name in judges:
                    bits |= judges[name](value)
            if bits:
                _sort(element, bits if bits < COOKIE else _settled(bits, dict(pairs), judges), found)
        return found


def _sort(element: Tree, bits: int, found: dict[int, list[Tree]]) -> None:
    is_field = element.tag in _FIELDS
    if bits & ANYWHERE or (is_field and bits & FIELD):
        found[FIELD].append(element)
    if is_field:
        for kind in (CAPTION, TEASER):
            if bits & kind:
                found[kind].append(element)


def _settled(bits: int, values: dict[str, str], judges: dict[str, Judge]) -> int:
    """`bits` with those that count in the first of two attributes resolved."""
    for mark, meaning, names in _FIRST_OF:
        first = next((name for name in values if name in names), None)
        if first and judges[first](values[first]) & mark:
            bits |= meaning
    return bits & ~_IF_FIRST


def _of_style(value: str) -> int:
    bits = ANYWHERE if "display:none" in value or "display: none" in value else 0
    return bits | (HIDDEN if "hidden" in value else 0)


class Frames:
    """The first element of a converted tree that each of five selectors, from sure to vague, takes for the content."""

    def __init__(self, paths: Sequence[str]) -> None:
        sure, _, likely, vague, _ = (patterns(path) for path in paths)
        self._by_class = _remembering(lambda value: _class_of_frame(value, sure, likely, vague))
        self._by_id = _remembering(lambda value: _id_of_frame(value, sure, likely, vague))

    def find(self, tree: Tree) -> Iterator[Tree]:
        """One element for each selector that finds one in the tree as it is when asked; the root is none."""
        for stage in range(5):
            element = next(self._of_stage(tree, stage), None)
            if element is not None:
                yield element

    def _of_stage(self, tree: Tree, stage: int) -> Iterator[Tree]:
        if stage == 1:
            yield from tree.iterdescendants("article")
            return
        for element in tree.iterdescendants(*_FRAMES):
            if self._stages(element) >> stage & 1:
                yield element

    def _stages(self, element: Tree) -> int:
        """One bit per selector."""
        bits = 0
        for name, value in element.items():
            if name == "class":
                bits |= self._by_class(value)
            elif name == "id":
                bits |= self._by_id(value)
            elif name == "role":
                bits |= (4 if value == "article" else 0) | (16 if value.startswith("main") else 0)
            elif name == "itemprop":
                bits |= 1 if value == "articleBody" else 0
        return bits if element.tag != "main" else bits | 16


Patterns = dict[str, re.Pattern[str]]


def _class_of_frame(value: str, sure: Patterns, likely: Patterns, vague: Patterns) -> int:
    bits = 1 if value in ("post", "entry") or sure["class"].search(value) else 0
    if value in ("postarea", "art-postcontent", "text", "cell", "story") or likely["class"].search(value):
        bits |= 4
    lower = value.replace("C", "c").replace("M", "m").replace("P", "p")
    main = "main-content" in value.replace("C", "c").replace("M", "m")
    page = "page-content" in lower and "page-content" in value.replace("C", "c").replace("P", "p")
    bits |= 8 if value == "content" or main or page or vague["class"].search(value) else 0
    return bits | (16 if value.startswith("main") else 0)


def _id_of_frame(value: str, sure: Patterns, likely: Patterns, vague: Patterns) -> int:
    bits = 1 if value == "articleContent" or sure["id"].search(value) else 0
    bits |= 4 if value in ("article", "story") or likely["id"].search(value) else 0
    main = "main-content" in value.replace("C", "c").replace("M", "m")
    bits |= 8 if value == "content" or main or vague["id"].search(value) else 0
    return bits | (16 if value.startswith("main") else 0)


_APPENDED = re.compile("infinite-?scroll|mvp-post-add-(?:box|wrap)|elementor-share-buttons")
_BY_CLASS, _BY_ID, _LIST_BY_ID, _IS_APPENDED = 1, 2, 4, 8


class Comments:
    """Containers of readers' comments, in a tree as it was parsed and in a converted one."""

    _CAPTURE = (("div", "list", "section"),) * 3 + (("div", "section"),)

    def __init__(self, removed: str, captured: Sequence[str]) -> None:
        by_id, by_class, list_by_id, _ = (re.compile(pattern) for _, pattern, _ in _TEST.findall(removed))
        appended = ((_IS_APPENDED, _APPENDED),)
        self._by_class = _remembering(lambda value: _bits(value, ((_BY_CLASS, by_class), *appended)))
        self._by_id = _remembering(lambda value: _bits(value, ((_BY_ID, by_id), (_LIST_BY_ID, list_by_id), *appended)))
        self._captured = [patterns(path) for path in captured]

    def find(self, tree: Tree) -> tuple[list[Tree], bool]:
        """(containers and lists of comments below `tree`, whether something may be an article appended by a script)."""
        found, has_appended = [], False
        for element in tree.iterdescendants("div", "section", "ul", "ol", "aside", "details", "list"):
            of_id, of_class = element.get("id"), element.get("class")
            bits = (self._by_class(of_class) if of_class else 0) | (self._by_id(of_id) if of_id else 0)
            if bits:
                has_appended = has_appended or bits & _IS_APPENDED > 0
                wanted = _BY_CLASS | (_LIST_BY_ID if element.tag in ("ol", "ul") else _BY_ID)
                if bits & wanted and element.tag != "aside":
                    found.append(element)
        return found, has_appended

    def captured(self, tree: Tree) -> Iterator[Tree]:
        """The first container that each selector finds in a converted tree."""
        for stage, tags in enumerate(self._CAPTURE):
            element = next((e for e in tree.iterdescendants(*tags) if self._holds(e, stage)), None)
            if element is not None:
                yield element

    def _holds(self, element: Tree, stage: int) -> bool:
        values = {name: value for name, value in element.items() if name in ("id", "class")}
        if not values:
            return False
        if stage == 3:
            return values.get("id", "").startswith("social") or "comment" in values.get("class", "")
        tests = self._captured[stage]
        either = next(iter(values.values()))
        return any(
            test.search(either if names == "id|class" else values.get(names, "")) is not None
            for names, test in tests.items()
        )


def _bits(value: str, tests: Sequence[tuple[int, re.Pattern[str]]]) -> int:
    return sum(bit for bit, test in tests if test.search(value))
