"""What the canaries say of planted families and benign shifts, one line each, and what a judgement costs.

    SLUICEGATE_CORPORA=<folder> python benchmarks/collapse/canaries.py [small|large] [DOMAIN ...]

small: 60,000 tokens of real text and of the source, as for small sources. large: all text domains together, 10^6 real
tokens and 500,000 of the source, at the default settings, for the rows of tables that are worth the minutes; loops at
real shares of .75, .5 and .25 follow. CPU seconds are of this process.
"""

import sys
import time
from collections.abc import Iterator

import generators as make
from families import BENIGN, PLANTED, Case, benign, paired, planted
from materials import DIFFERENT, TEXT, Split, ordered, split

from stages.mix.canary.figures import CanaryFigures
from stages.mix.canary.harm import judge
from stages.mix.canary.loop import Generation
from stages.mix.canary.params import SMALL, CanaryParams

SEED = 1


def main() -> None:
    """Print the table asked for."""
    size, *domains = sys.argv[1:] or ["small", "brown"]
    print(f"{'source':32} ERT all   tail    mid    head  weight  gain  penalty excess  entropy drop  verdict")
    if size == "large":
        large()
    for domain in domains:
        small(domain)


def small(domain: str) -> None:
    """All families against one domain, 1,200 windows each."""
    for case in _cases(domain):
        bed = case.bed()
        show(
            f"{case.family} {case.severity:g} {case.domain}",
            case.source,
            bed,
            SMALL.model_copy(update={"real_share": 0.5}),
            1200,
        )


def _cases(domain: str) -> Iterator[Case]:
    for family, severities in PLANTED.items():
        yield from (planted(family, s, 1.0, domain, 1200, SEED) for s in severities)
    for family, severities in BENIGN.items():
        yield from (benign(family, s, domain, 1200, SEED) for s in severities)
    yield from (paired(label, 1200, SEED, kind) for kind in ("", *DIFFERENT) for label in ("human", "llm"))


def large() -> None:
    """One bed of all text domains; the sources that the tables of the literature have."""
    beds = [split(name, SEED) for name in TEXT]
    parts = Split.__dataclass_fields__
    bed = Split(*(ordered([w for b in beds for w in getattr(b, part)], SEED) for part in parts))
    teacher, pool = make.texts(bed.teacher), make.texts(bed.pool)
    n, settings = 10_000, CanaryParams(real_share=0.5, seeds=1)
    for share in (0.75, 0.5, 0.25):
        show(f"loop, real share {share}", pool[:n], bed, settings.model_copy(update={"real_share": share}), 20_000)
    show("loop, .5, T .8", pool[:n], bed, settings.model_copy(update={"temperature": 0.8}), 20_000)
    sources = {"truncated .5": make.truncated(pool, n, 0.5, SEED), "templates 20": make.templates(pool, n, 20, SEED)}
    sources |= {f"teacher, generation {g}": make.loop(teacher, n, g, SEED) for g in (1, 3, 10)}
    sources |= {f"teacher, T {t}": make.loop(teacher, n, 1, SEED, t) for t in (0.9, 0.8, 0.6)}
    sources["near-duplicates 20"] = make.copies(pool, n, 20, SEED)
    for name, source in sources.items():
        show(name, source, bed, settings, 20_000)


def show(name: str, source: list[str], bed: Split, settings: CanaryParams, real: int) -> None:
    """Judge and print."""
    start = time.process_time()
    windows = [make.texts(part) for part in (bed.real[:real], bed.held_out, bed.reference)]
    found = judge(windows[0], source, windows[1], windows[2], settings)
    print(f"{name:32} {_line(found)}  {time.process_time() - start:.1f} s", flush=True)
    if name.startswith("loop, "):
        for control, generations in found.controls.items():
            print(f"    {control:12} {' '.join(_generation(g) for g in generations)}")


def _generation(g: Generation) -> str:
    """Perplexity, and bits of entropy and coverage of what is written."""
    if g.perplexity is None or g.samples is None or g.samples.coverage is None:
        return f"{g.perplexity:.0f}"
    return f"{g.perplexity:.0f}/{g.samples.entropy:.2f}/{g.samples.coverage:.2f}"


def _line(f: CanaryFigures) -> str:
    if f.penalty is None or f.weight is None or f.excess is None or f.entropy_drop is None:
        return f"{f.reason} {f.tokens}"
    erts = " ".join("   null" if e.value is None else f"{e.value:+7.2f}" for e in f.ert.values())
    gain = f.delta["tail"].value
    verdict = "harm" if f.harm else "warn" if f.warn else "-"
    return (
        f"{erts} {f.weight.value:7.2f} {0.0 if gain is None else gain:+6.2f} {f.penalty.value:8.3f} "
        f"{f.excess.value:7.3f} {f.entropy_drop.value:+7.2f}  {verdict:5} {f.score} {', '.join(f.reasons)}"
    )


if __name__ == "__main__":
    main()
