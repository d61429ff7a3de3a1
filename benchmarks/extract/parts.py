"""`python -m benchmarks.extract.parts`: what a page costs, part by part, and what a mixed crawl costs.

Parts: CPU seconds of this process, each part without those inside it, medians over the repeats; the sandbox is what the
same pages take more through it. Mixed crawl: all pages are looked at and a share of them (by hash) goes on to the text,
as with a prefilter; held against the look of all and that share of the texts, each measured by itself.
"""

import argparse
import logging
import resource
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from functools import cached_property
from typing import Any

from benchmarks.extract.corpora import Sample, read
from pipelines.sandbox import Sandbox
from stages.extract import engine, passes, posts
from stages.extract import html as pages
from stages.extract.pages import Page
from stages.extract.tags import size

logging.disable(logging.CRITICAL)
MAX_NODES, MAX_DEPTH = 400_000, 1000
SHARES = (0.1, 0.4, 1.0)
# What main_text calls, by the module that calls it.
STEPS: tuple[tuple[Any, str, str], ...] = (
    (engine, "fromstring", "lxml's tree"),
    (engine, "comments_of", "comments, threads, scripts"),
    (engine, "is_thread", "comments, threads, scripts"),
    (engine, "without_scripts", "comments, threads, scripts"),
    (passes, "prepared", "copy, cleaning, conversion"),
    (passes, "prune", "pruning"),
    (passes, "_take", "taking elements"),
    (passes, "content_of", "rules: the rest"),
    (posts, "text", "threads: the rest"),
    (engine, "_or_readability", "readability"),
    (engine, "baseline", "baseline"),
    (engine, "xmltotxt", "tree to text"),
    (pages, "tidy", "tidying"),
    (pages, "title", "title"),
)


class Clock:
    """CPU seconds by part, each without those that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def timed(self, label: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """The same step, its time kept under the label."""

        def call(*given: Any, **named: Any) -> Any:
            self._switch()
            self._running.append(label)
            try:
                return step(*given, **named)
            finally:
                self._switch()
                self._running.pop()

        return call


def parts(samples: Sequence[Sample]) -> dict[str, float]:
    """Seconds by part over all pages, each read once."""
    clock, kept = Clock(), [(module, name, getattr(module, name)) for module, name, _ in STEPS]
    opinion = pages.Reading.__dict__["second_opinion"]
    for module, name, label in STEPS:
        setattr(module, name, clock.timed(label, getattr(module, name)))
    watched = cached_property(clock.timed("second opinion", opinion.func))
    watched.__set_name__(pages.Reading, "second_opinion")
    pages.Reading.second_opinion = watched  # type: ignore[assignment]
    try:
        for sample in samples:
            _one(sample, clock)
    finally:
        for module, name, step in kept:
            setattr(module, name, step)
        pages.Reading.second_opinion = opinion
    return dict(clock.seconds)


def _one(sample: Sample, clock: Clock) -> None:
    page = clock.timed("decoding", pages.read)(sample.body, sample.charset)
    clock.timed("washing", lambda: page.washed)()
    clock.timed("counting tags", size)(page.washed, MAX_NODES, MAX_DEPTH)
    clock.timed("resiliparse's tree", lambda: page._tree)()
    clock.timed("text of the whole page", lambda: page.everything)()
    clock.timed("what the page says about itself", lambda: page.signals)()
    clock.timed("look: the rest", pages.look)(page, MAX_NODES, MAX_DEPTH)
    clock.timed("text: the rest", engine.main_text)(page, sample.url)


def through(samples: Sequence[Sample], looks: Set[str], texts: Set[str]) -> float:
    """CPU seconds of this process and its child for these looks and texts, batch by batch as a shard sends them."""
    before = _used()
    with Sandbox() as sandbox:
        for start in range(0, len(samples), 32):
            batch = samples[start : start + 32]
            sandbox([_page(sample, "look") for sample in batch if sample.record_id in looks])
            sandbox([_page(sample, "text") for sample in batch if sample.record_id in texts])
    return _used() - before


def _page(sample: Sample, task: Any) -> Page:
    return Page(sample.record_id, sample.url, sample.body, sample.charset, task, MAX_NODES, MAX_DEPTH)


def _used() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def mixed(samples: Sequence[Sample], repeats: int) -> None:
    """Print a row per share."""
    every, none = {sample.record_id for sample in samples}, set[str]()
    start = statistics.median(through(samples[:1], none, every) for _ in range(3))

    def spent(looks: Set[str], texts: Set[str]) -> float:
        return statistics.median(through(samples, looks, texts) for _ in range(repeats)) - start

    look, text = spent(every, none), spent(none, every)
    print(f"\n{len(samples)} pages: look {1e3 * look / len(samples):.1f} ms, text {1e3 * text / len(samples):.1f} ms")
    print("| share | going on | ms a page | look + share x text | ratio |\n|---|---|---|---|---|")
    for share in SHARES:
        chosen = {name for name in every if int(name[-13:-1], 16) < share * 16**12}
        taken, expected = spent(every, chosen), look + text * len(chosen) / len(samples)
        cells = (len(chosen), 1e3 * taken / len(samples), 1e3 * expected / len(samples), taken / expected)
        print("| {:.0%} | {} | {:.1f} | {:.1f} | {:.2f} |".format(share, *cells), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=["html/wcxb", "crawl"])
    parser.add_argument("--pages", type=int, default=200)
    chosen = parser.parse_args()
    for name in chosen.sets:
        samples = read(name)[: chosen.pages]
        found = [parts(samples) for _ in range(chosen.repeats)]
        print(f"\n{name}, {len(samples)} pages, {sum(len(s.body) for s in samples) / len(samples) / 1e3:.0f} KB a page")
        print("| part | ms a page |\n|---|---|")
        medians = {label: statistics.median(one.get(label, 0.0) for one in found) for label in found[0]}
        for label, seconds in sorted(medians.items(), key=lambda item: -item[1]):
            print(f"| {label} | {1e3 * seconds / len(samples):.2f} |")
        print(f"| all | {1e3 * sum(medians.values()) / len(samples):.2f} |", flush=True)
        mixed(samples, chosen.repeats)


if __name__ == "__main__":
    main()
