"""`python -m benchmarks.dedup.signatures [PEERS_PYTHON]`: MinHash signatures per core, beside datatrove and datasketch.

120 values (20 x 6) over 5-word shingles of the same made documents; every contender from text to signature, on one
thread, its own tokenising and hashing included. Medians of five runs with their spread. Peers are installed from PyPI
in an environment of their own, of which PEERS_PYTHON is the interpreter (default .run/bench/dedup/bin/python):

    uv venv .run/bench/dedup && VIRTUAL_ENV=.run/bench/dedup uv pip install "datatrove[processing]==0.10.0" datasketch
"""

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS, WORDS = 5, 500
CONTENDERS = {"sluicegate": 20_000, "datasketch": 600, "datatrove": 200}  # documents each is given


def documents(count: int) -> list[str]:
    """Documents of 500 words of a vocabulary of 4,096, some 3 KB each, the same everywhere."""
    words = [_word(i) for i in range(4096)]
    texts, state = [], 1
    for _ in range(count):
        picked = []
        for _ in range(WORDS):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            picked.append(words[state >> 52])
        texts.append(" ".join(picked) + ".")
    return texts


def _word(i: int) -> str:
    letters = "etaoinshrdlu"
    return "".join(letters[(i * 2654435761 >> k) % 12] for k in range(3, 3 + 4 * (2 + i % 5) // 4 * 2, 2))


def sluicegate(texts: list[str]) -> Callable[[], object]:
    """The kernel of this project, digests of the normalised text included."""
    import polars as pl

    from stages.dedup.params import SignatureParams
    from stages.dedup.signatures import measure_signatures

    spans = {"doc_id": pl.String, "start": pl.Int64, "end": pl.Int64, "replacement": pl.String, "kind": pl.String}
    frame = pl.DataFrame({"doc_id": [f"{i:032x}" for i in range(len(texts))], "text": texts})
    tables = {"extract/documents": frame, "quality/edits": pl.DataFrame(schema=spans)}
    params = SignatureParams(bands=20, rows=6, shingle=5, seed=1)
    return lambda: measure_signatures(tables, params, {})


def datasketch(texts: list[str]) -> Callable[[], object]:
    """MinHash.update_batch over shingles made in Python."""
    from datasketch import MinHash

    def one(text: str) -> object:
        words = text.lower().split()
        sketch = MinHash(num_perm=120, seed=1)
        sketch.update_batch([" ".join(words[i : i + 5]).encode() for i in range(len(words) - 4)])
        return sketch

    return lambda: [one(text) for text in texts]


def datatrove(texts: list[str]) -> Callable[[], object]:
    """The signature step of its MinHash pipeline, 20 buckets of 6 hashes."""
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    config = MinhashConfig(n_grams=5, num_buckets=20, hashes_per_bucket=6, seed=1)
    step = MinhashDedupSignature(output_folder=tempfile.mkdtemp(), config=config, language="eng")
    return lambda: [step.get_signature(step.get_shingles(text)) for text in texts]


def measure(name: str) -> None:
    """Time one contender in this process; prints JSON."""
    from importlib.metadata import version

    texts = documents(CONTENDERS[name])
    work = {"sluicegate": sluicegate, "datasketch": datasketch, "datatrove": datatrove}[name](texts)
    work()  # compiled, imported, warm
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    known = {n: version(n) for n in ("numba", "polars", "numpy")} if name == "sluicegate" else {name: version(name)}
    print(json.dumps({"bytes": sum(len(t) for t in texts), "seconds": seconds, "versions": known}))


def main() -> None:
    """Run every contender in a process of its own and print a row for each."""
    if len(sys.argv) > 2 and sys.argv[1] == "--measure":
        measure(sys.argv[2])
        return
    from pipelines.kernels import cache_folder

    peers = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / ".run/bench/dedup/bin/python")
    model = next((x.split(":")[1].strip() for x in _lines("/proc/cpuinfo") if x.startswith("model name")), "")
    print(f"{model or platform.processor()}; Python {platform.python_version()}; CPU seconds of one process")
    for name in CONTENDERS:
        python = sys.executable if name == "sluicegate" else peers
        one = {"NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        one |= {"NUMBA_CACHE_DIR": str(cache_folder(ROOT / ".run"))}
        one |= {"PATH": "/usr/bin:/bin", "HOME": str(ROOT / ".run")}
        command = [python, str(Path(__file__)), "--measure", name]
        out = subprocess.run(command, capture_output=True, text=True, check=False, env=one)
        if out.returncode:
            print(f"{name}: did not run: {out.stderr.strip().splitlines()[-1]}")
            continue
        print(_row(name, json.loads(out.stdout.splitlines()[-1])))


def _row(name: str, found: dict[str, object]) -> str:
    seconds = sorted(found["seconds"])  # type: ignore[call-overload]
    size, count = int(found["bytes"]), CONTENDERS[name]  # type: ignore[call-overload]
    middle = statistics.median(seconds)
    rates = f"{size / middle / 1e6:8.2f} MB/s ({size / seconds[-1] / 1e6:.2f} to {size / seconds[0] / 1e6:.2f})"
    return f"{name:<11} {rates} {count / middle:9.0f} documents/s of {size // count} bytes  {found['versions']}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    main()
