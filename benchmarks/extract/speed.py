"""`python -m benchmarks.extract.speed`: pages per second and core beside datatrove's FineWeb extraction, same files.

datatrove (WarcReader, then Trafilatura with its defaults but a longer timeout) runs in environments of its own under
.run/bench, made by `python -m benchmarks.extract.speed --prepare`: as shipped, and with this project's trafilatura by
override. Both sides read WARC files, decode, extract every page and end with the text in memory; ours goes through the
sandbox and decides every record. CPU seconds of the process and its children, less those of a file with one tiny page;
medians of the repeats, which alternate. A page that a side does not give text for is counted as lost.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.extract.corpora import CORPORA, ROOT

BENCH = ROOT / ".run" / "bench"
DATATROVE = """
import json, resource, sys
from loguru import logger
logger.remove()
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.readers import WarcReader
def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)
read = kept = 0
def pages(folder, name):
    global read
    for document in WarcReader(folder, glob_pattern=name, default_metadata={}).run():
        read += 1
        yield document
for document in Trafilatura(timeout=10).run(pages(sys.argv[1], sys.argv[2])):
    kept += bool(document.text)
print(json.dumps({"cpu": cpu(), "read": read, "kept": kept}))
"""
OURS = """
import json, resource, sys
from pathlib import Path
from pipelines import context
from pipelines.sandbox import Sandbox
from stages.extract.shard import ShardFacts, extract
params = context.load().params
models = {name: m.path for name, m in params.input.models.items()}
settings = params.extract.model_copy(update={"prefilter": type(params.extract.prefilter)()})
def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)
with Path(sys.argv[1], sys.argv[2]).open("rb") as stream, Sandbox() as pages:
    done = extract(stream, ShardFacts("s", "s", "s", "d"), settings, models, {}, 1.0, pages)
print(json.dumps({"cpu": cpu(), "read": done.tables["extract/look"].height,
                  "kept": done.tables["extract/documents"].height}))
"""


def prepare() -> None:
    """Make the environments of datatrove."""
    uv, override = ROOT / ".venv" / "bin" / "uv", BENCH / "override.txt"
    BENCH.mkdir(parents=True, exist_ok=True)
    override.write_text(f"trafilatura=={importlib.metadata.version('trafilatura')}\n")
    for name, more in (("shipped", []), ("override", ["--override", str(override)])):
        folder = BENCH / f"datatrove-{name}"
        subprocess.run([uv, "venv", "-q", "--python", "3.11", folder], check=True)
        wanted = ["datatrove[io,processing]==0.10.0", "warcio", "python-magic", "faust-cchardet"]
        environment = os.environ | {"VIRTUAL_ENV": str(folder), "UV_CACHE_DIR": str(ROOT / ".run" / "uv")}
        subprocess.run([uv, "pip", "install", "-q", *more, *wanted], check=True, env=environment)


def run(python: Path, code: str, file: Path | None) -> dict[str, float]:
    """One side over one file, or over no page: what it used and what it gave."""
    where = [str(file.parent), file.name] if file else [str(_empty().parent), _empty().name]
    done = subprocess.run([python, "-c", code, *where], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _empty() -> Path:
    """A WARC file with one tiny page, by which start-up is measured."""
    path = BENCH / "empty.warc"
    page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><html><body><p>word</p></body></html>"
    head = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: http://a.example/\r\n"
    date = "WARC-Date: 2024-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
    path.write_bytes(f"{head}{date}Content-Length: {len(page)}\r\n\r\n{page}\r\n\r\n".encode())
    return path


def sides() -> dict[str, tuple[Path, str]]:
    """Name -> interpreter and code."""
    peers = {f"datatrove 0.10, {n}": (BENCH / f"datatrove-{n}/bin/python", DATATROVE) for n in ("shipped", "override")}
    return {**peers, "ours": (Path(sys.executable), OURS)}


def measure(file: Path, repeats: int) -> None:
    """Print a line per side."""
    pages, size = _pages(file)
    used: dict[str, list[float]] = {name: [] for name in sides()}
    gave: dict[str, dict[str, float]] = {}
    start = {name: statistics.median(run(*side, None)["cpu"] for _ in range(2)) for name, side in sides().items()}
    for _ in range(repeats):
        for name, side in sides().items():
            gave[name] = run(*side, file)
            used[name].append(gave[name]["cpu"] - start[name])
    first = statistics.median(used[next(iter(used))])
    for name, seconds in used.items():
        middle, lost = statistics.median(seconds), pages - int(gave[name]["kept"])
        spread = f"{min(seconds):.1f}-{max(seconds):.1f}"
        print(
            f"| {file.name} | {name} | {pages} | {size / pages / 1e3:.0f} | {lost} | {middle:.1f} ({spread}) "
            f"| {pages / middle:.1f} | {size / middle / 1e6:.1f} | {first / middle:.2f} |",
            flush=True,
        )


def _pages(file: Path) -> tuple[int, int]:
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with file.open("rb") as stream:
        sizes = [len(r.reader.read()) for r in ArchiveIterator(stream, record_types=WarcRecordType.response)]
    return len(sizes), sum(sizes)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _versions(python: Path) -> str:
    """The libraries of a side that matter, as its interpreter sees them."""
    code = (
        "import importlib.metadata as m;"
        "wanted = {'trafilatura', 'lxml', 'resiliparse', 'warcio', 'fastwarc'};"
        "names = {d.name.lower() for d in m.distributions()} & wanted;"
        "print(', '.join(f'{n} {m.version(n)}' for n in sorted(names)))"
    )
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("files", nargs="*", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.prepare:
        prepare()
        return
    crawl = CORPORA / "crawl" / "recipe-scrapers-00000.warc.gz"
    print(f"{_cpu()}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}, {chosen.repeats} repeats")
    print("; ".join(f"{name}: {_versions(python)}" for name, (python, _) in sides().items()))
    print("| file | side | pages | KB a page | lost | CPU s (spread) | pages/s | MB/s | ratio |")
    print("|---" * 9 + "|")
    for file in chosen.files or [*sorted((CORPORA / "html" / "wcxb").glob("*.warc.gz")), crawl]:
        measure(file.resolve(), chosen.repeats)


if __name__ == "__main__":
    main()
