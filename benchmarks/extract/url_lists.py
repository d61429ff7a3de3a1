"""What lists of urls cost: making the file, a question, and the memory of workers that map it at once.

`python benchmarks/extract/url_lists.py [SIZE …]` (10^4, 10^6 and 5 x 10^6 made entries, four hosts to one path) asks
20,000 urls, one in a hundred listed, in two processes at once: CPU microseconds a url, and of each process the memory
that the mapped file adds, resident (shared pages counted in each) and proportional (divided by those who share them).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from pipelines import url_lists  # noqa: E402
from pipelines.url_lists import Source  # noqa: E402
from stages.extract.blocking import found, key, names  # noqa: E402

SIZES = (10_000, 1_000_000, 5_000_000)
ASKED = 20_000


def line(i: int) -> str:
    """The i-th made entry."""
    return f"host-{i}.example-{i % 977}.com/path/{i}" if i % 5 == 4 else f"host-{i}.example-{i % 977}.com"


def urls(size: int) -> list[str]:
    """Urls of which one in a hundred is listed."""
    step = size // (ASKED // 100)
    listed = [f"https://www.{line(i * step)}/deeper/page.html?q=1" for i in range(ASKED // 100)]
    return listed + [f"https://news.site-{i}.co.uk/2024/05/story-{i}.html?ref={i}" for i in range(ASKED - len(listed))]


def mapped(path: str) -> dict[str, int]:
    """Rss and Pss in KB of a mapped file in this process."""
    out, inside = {"Rss": 0, "Pss": 0}, False
    for row in Path("/proc/self/smaps").read_text().splitlines():
        first = row.split()[0]
        if "-" in first and not first.endswith(":"):
            inside = row.endswith(path)
        elif inside and first.rstrip(":") in out:
            out[first.rstrip(":")] += int(row.split()[1])
    return out


def worker(path: str, size: int) -> None:
    """Ask, wait for the other, and tell CPU microseconds a url, look-up alone, hits, and memory."""
    lists = url_lists.opened(Path(path))["block"]
    asked = urls(size)
    found(asked[:100], lists)
    start = time.process_time()
    hits = sum(hit is not None for hit in found(asked, lists))
    whole = time.process_time() - start
    start = time.process_time()
    for url in asked:
        for name in names(url):
            key(name)
    hashing = time.process_time() - start
    print("ready", flush=True)
    sys.stdin.readline()
    told = {"us": whole / ASKED * 1e6, "look_up_us": (whole - hashing) / ASKED * 1e6, "hits": hits, **mapped(path)}
    print(json.dumps(told), flush=True)
    sys.stdin.readline()


def measure(size: int, folder: Path) -> None:
    """Make a list of this size, have two processes ask it, and print a row."""
    text = folder / f"{size}.txt"
    text.write_text("".join(line(i) + "\n" for i in range(size)))
    start = time.process_time()
    path, _ = url_lists.compiled(folder, [Source("made", "block", (text,), str(size))])
    made = time.process_time() - start
    command = [sys.executable, __file__, "--worker", str(path), str(size)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for step in range(2):
        answers = [one.stdout.readline() for one in both if one.stdout]
        for one in both if step == 0 else ():
            print("go", file=one.stdin, flush=True)
    for one in both:
        one.communicate("done\n")
    rows = [json.loads(answer) for answer in answers]
    us, look = (" / ".join(f"{row[name]:.1f}" for row in rows) for name in ("us", "look_up_us"))
    rss, pss = (" / ".join(f"{row[name] / 1024:.1f}" for row in rows) for name in ("Rss", "Pss"))
    size_mb = path.stat().st_size / 1e6
    print(f"| {size:,} | {made:.1f} | {size_mb:.1f} | {us} | {look} | {rss} | {pss} | {rows[0]['hits']} |", flush=True)


def main() -> None:
    """Print a row per size."""
    os.nice(5)
    print("| entries | to make, CPU s | file MB | us a url | of it look-up | RSS MB | PSS MB | hits |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size in [int(arg) for arg in sys.argv[1:]] or SIZES:
            measure(size, Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], int(sys.argv[3]))
    else:
        main()
