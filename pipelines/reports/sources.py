"""One synthetic source in the panel of the collapse checks: lights, canary, curves, examples, weight, waiver."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.reports import check_words as w
from pipelines.reports import curves
from pipelines.reports.curves import Plot
from pipelines.reports.markup import Html, details, join, paragraph, prose, table, tag, text
from pipelines.reports.masks import excerpt, masked
from stages.mix.params import Collapse

Values = Mapping[str, Any]
SHAPES = {"PASS": "●", "WARN": "▲", "REFUSE": "■", "ABSTAIN": "◇"}
WORDS = 200  # characters of an example


def mapping(raw: object) -> dict[str, Any]:
    """A mapping, or an empty one where there is something else."""
    return raw if isinstance(raw, dict) else {}


def rows(raw: object) -> list[dict[str, Any]]:
    """The mappings of a list; anything else than a mapping stands as a code."""
    return [r if isinstance(r, dict) else {"code": str(r)} for r in raw] if isinstance(raw, list) else []


def ratio(raw: object) -> float | None:
    """A number, or null."""
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def light(verdict: object) -> Html:
    """A verdict as a shape and a word, coloured as well."""
    word = str(verdict)
    css = word.lower() if word in SHAPES else "other"
    return Html(f'<span class="mark {css}">{SHAPES.get(word, "○")} {text(word)}</span>')


def waiver(found: Values) -> str:
    """Who answers for a verdict, why, and until when."""
    name, why, until = (found.get(k) for k in ("name", "reason", "expires"))
    return f"{name}, until {until}: {why}"


def overview(named: Sequence[tuple[str, Values]]) -> Html:
    """All sources with verdict and sizes."""
    lines = []
    for name, one in named:
        rank, figures, weight = (mapping(one.get(part)) for part in ("rank", "figures", "weight"))
        sizes = (ratio(figures.get("documents")), ratio(figures.get("tokens")), _share(weight.get("now")))
        lines.append((name, light(one.get("verdict")), *(_three(ratio(rank.get(k))) for k in _RANK), *sizes))
    heads = ("Source", "Verdict", "Score", "Harm", "In the tail", "Documents", "Tokens", "Share")
    listed = table("Synthetic sources.", heads, lines, (0, 1))
    return join((listed, prose(w.HOW_RANK))) if lines else listed


_RANK = ("score", "harm", "tail_harm")


def source(name: str, one: Values, shown: Values, held: Collapse) -> Html:
    """Everything about one source: what was not looked at is not shown."""
    found, seen = mapping(one.get("found")), mapping(shown.get("exhibits"))
    alone, canary = mapping(found.get("alone")), mapping(found.get("canary"))
    parts = [
        _weight(one),
        _waiver(one),
        _statistics(alone, bool(canary.get("harm")), held),
        _canary(canary, mapping(shown.get("bounds"))),
        *_of_loop(canary),
        _ert(canary, mapping(shown.get("bounds"))),
        _rarefaction(seen),
        _ranks(seen),
        *_examples(seen),
    ]
    inner = join(parts)
    return join((tag("h3", join(("Source ", text(name), " ", light(one.get("verdict"))))), inner)) if inner else inner


def _weight(one: Values) -> Html:
    """The largest share at which all bounds are held, bound by bound."""
    found = mapping(one.get("weight"))
    if not found:
        return Html("")
    lines = [(words, _share(found.get(key))) for key, words in w.LIMITS.items()]
    most = found.get("largest")
    bearable = f"All else as it is, nothing refuses up to {_share(most)}: so much mix.weights may give it."
    none = (
        "No weight of this source makes the mixture pass: the bounds below say what has to change, here or elsewhere."
    )
    lead = paragraph(f"It has {_share(found.get('now'))} of the mixture's tokens. {bearable if most else none}")
    listed = table("The largest share of all tokens at which", ("this holds", "Share"), lines)
    note = (
        "A canary's harm and missing provenance have no weight that mends them: harm alone warns, missing provenance "
        "refuses, and so does too little text to judge in a large mixture."
    )
    return join((lead, details("What would make it pass", join((listed, paragraph(note, "soft"))))))


def _share(value: object) -> str:
    number = ratio(value)
    return "–" if number is None else f"{100 * number:.2f} %"


def _waiver(one: Values) -> Html:
    found, digest = mapping(one.get("waiver")), one.get("digest")
    if found:
        return paragraph(f"Waived by {waiver(found)}.")
    words = join(("Digest of this verdict, for a waiver: ", tag("code", digest))) if digest else ""
    return paragraph(words, "soft") if words else Html("")


def _statistics(alone: Values, harm: bool, held: Collapse) -> Html:
    listed = [r for r in rows(alone.get("findings")) if "name" in r]
    if not listed:
        return Html("")
    heads = ("Check", "Light", "Source", "Real text", "from", "to", "Loss", "p")
    lines = [(_named(r["name"]), _judged(r, harm, held), *(_three(r.get(k)) for k in _OF_STATISTIC)) for r in listed]
    caption = (
        f"{alone.get('windows')} windows of the source alone. A sure loss (p up to {held.alpha:g}) warns from "
        f"{held.warn_loss:g} on, and refuses from {held.refuse_loss:g} on if a canary is harmed as well."
    )
    return join((prose(w.HOW_STATISTICS), table(caption, heads, lines, (0, 1))))


_OF_STATISTIC = ("value", "control", "low", "high", "loss", "p")


def _three(value: object) -> object:
    """A number in three digits."""
    found = ratio(value)
    return value if found is None else f"{found:.3g}"


def _named(name: object) -> Html:
    title, words = w.STATISTICS.get(str(name), (str(name), ""))
    return join((title, " ", tag("code", name), tag("div", text(words, len(words)), "soft")))


def _judged(found: Values, harm: bool, held: Collapse) -> Html:
    if not found.get("gates"):
        return text("shown only")
    loss, p = ratio(found.get("loss")) or 0.0, ratio(found.get("p"))
    if p is None or p > held.alpha or loss < held.warn_loss:
        return light("PASS")
    return light("REFUSE" if harm and loss >= held.refuse_loss else "WARN")


def _canary(found: Values, bounds: Values) -> Html:
    lines = []
    for code, (field, bucket, title, words) in w.CANARY.items():
        figure = mapping(mapping(found.get(field)).get(bucket) if bucket else found.get(field))
        value, spread = ratio(figure.get("value")), ratio(figure.get("spread"))
        if value is not None:
            edges = bounds.get(code) or (None, None)
            named = join((title, " ", tag("code", code), tag("div", text(words, len(words)), "soft")))
            asks = light(_turned(code, value, spread or 0.0, edges, found))
            lines.append((named, asks, _three(value), f"± {spread or 0:.2g}", *map(_three, edges)))
    heads = ("Canary", "Light", "Value", "Spread", "Warns beyond", "Harm beyond")
    table_ = table(
        "What a small model makes of it. Harm alone warns; with a large loss it refuses.", heads, lines, (0, 1)
    )
    return join((prose(w.HOW_CANARY), table_)) if lines else Html("")


def _turned(code: str, value: float, spread: float, edges: Sequence[float | None], found: Values) -> str:
    """A key that was turned and lies beyond its bound for harm for all its spread refuses, as far as it can."""
    harm = edges[1]
    if code not in (found.get("reasons") or ()):
        return "PASS"
    below = code.startswith("ert")
    beyond = harm is not None and (value + spread < harm if below else value - spread > harm)
    return "REFUSE" if beyond else "WARN"


def _of_loop(found: Values) -> Iterator[Html]:
    """Perplexity by generation, of the loop and its controls, drawn and as a table."""
    controls = mapping(found.get("controls"))
    series = []
    for key, name in w.CONTROLS.items():
        values = [ratio(g.get("perplexity")) for g in rows(controls.get(key))]
        if values and None not in values:
            series.append((name, [(float(g), v) for g, v in enumerate(values) if v is not None]))
    if series:
        yield prose(w.HOW_LOOP)
        every = [v for _, points in series for _, v in points]
        plot = Plot("generation", "perplexity", log_x=False, log_y=max(every) > 20 * min(every))
        yield curves.curves("Perplexity on unseen real text, generation by generation", series, plot)
        heads = ("Loop", *(str(g) for g in range(max(len(p) for _, p in series))))
        lines = [(name, *(round(v, 1) for _, v in points)) for name, points in series]
        yield details("The same in numbers", table("Perplexity by generation.", heads, lines))


def _ert(found: Values, bounds: Values) -> Html:
    by = mapping(found.get("ert"))
    read = [(b, mapping(by.get(b))) for b in ("all", "tail", "mid", "head")]
    lines = [(b, ratio(f.get("value")), ratio(f.get("spread")) or 0.0, bool(f.get("clamped"))) for b, f in read]
    drawn = [(b, v, s) for b, v, s, _ in lines if v is not None]
    harm = (bounds.get("ert_below") or (None, None))[1]
    if not drawn:
        return Html("")
    marks = [] if harm is None else [("harm, all words", harm)]
    bars = curves.around_zero("Worth of a synthetic token in tokens of real text", drawn, marks)
    cells = [(b, v, f"± {s:.2g}", "outside what was measured" if c else None) for b, v, s, c in lines if v is not None]
    listed = table("Effective real tokens per synthetic token.", ("Words", "Worth", "Spread", "Note"), cells, (0, 3))
    return join((prose(w.HOW_ERT), bars, details("The same in numbers", listed)))


def _rarefaction(seen: Values) -> Html:
    points = seen.get("rarefaction") or []
    if not points:
        return Html("")
    n, own, both, low, high = zip(*points)
    series = [("the source", _points(n, own)), ("the mixture", _points(n, both))]
    plot = Plot("words", "different words", log_x=False, log_y=False, band=("real text, 5 to 95 %", n, low, high))
    drawn = curves.curves("Different words among so many words", series, plot)
    heads = ("Words", "Source", "Mixture", "Real text from", "to")
    listed = details("The same in numbers", table("Different words to be expected.", heads, points))
    return join((prose(w.HOW_RAREFACTION), drawn, listed))


def _points(xs: Sequence[float], ys: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(xs, ys) if y is not None]


def _ranks(seen: Values) -> Html:
    points = seen.get("ranks") or []
    if not points:
        return Html("")
    at, own, real = zip(*points)
    series = [
        (name, [p for p in _points(at, ys) if p[1] > 0]) for name, ys in (("the source", own), ("real text", real))
    ]
    cut = ratio(seen.get("cut"))
    plot = Plot("rank", "per million words", mark=None if cut is None else (f"cut at rank {cut:,.0f}", cut))
    drawn = curves.curves("Frequency of words by rank", series, plot)
    listed = table("Mean frequency from this rank to the next.", ("From rank", "Source", "Real text"), points)
    return join((prose(w.HOW_RANKS), drawn, details("The same in numbers", listed)))


def _examples(seen: Values) -> Iterator[Html]:
    """Words of the text: masked and cut."""
    phrases = [(_said(r.get("text")), r.get("source"), r.get("real")) for r in rows(seen.get("ngrams"))]
    frames = [
        (join((_said(r.get("frame")), *(tag("div", _said(e), "soft") for e in r.get("examples") or ()))),
         r.get("source"), r.get("real"))
        for r in rows(seen.get("templates"))
    ]  # fmt: skip
    lost = mapping(seen.get("lost"))
    terms = [f"{masked(str(r.get('word')))} ({r.get('real')})" for r in rows(lost.get("words"))]
    if phrases or frames or terms:
        yield prose(w.HOW_EXAMPLES)
    counts = ("Windows of the source", "of real text")
    yield table("Runs of five words that it has far more often than real text.", ("Words", *counts), phrases)
    yield table("Templates: slots as …, and texts that fill them.", ("Template", *counts), frames)
    if terms:
        words = (
            f"Of {lost.get('tail')} words that equally much real text has one to ten times, the source has none of "
            f"{lost.get('missing')}; another such set of real text would lack {lost.get('usual')}. The most expected "
            f"ones: "
        )
        yield paragraph(join((tag("strong", "Lost words of the tail. "), words, _listed(terms))))


def _said(raw: object) -> Html:
    return text(excerpt(str(raw), WORDS), WORDS + 1)


def _listed(terms: Sequence[str]) -> Html:
    return join(part for k, term in enumerate(terms) for part in ((", ", term) if k else (term,)))
