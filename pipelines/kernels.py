"""Where compiled kernels are kept: in a folder of its own for every state of their sources.

numba takes a kernel from its cache while the file that defines it is unchanged, and does not look at those whose
functions it has compiled into it: after a change there it would go on with what is no longer written anywhere.
"""

import hashlib
from pathlib import Path

STAGES = Path(__file__).resolve().parent.parent / "stages"


def cache_folder(run: Path, stages: Path = STAGES) -> Path:
    """The folder below `run` for the kernels as they are: all files that define one count, by name and bytes."""
    digest = hashlib.sha256()
    for path in sorted(stages.rglob("*.py")):
        text = path.read_bytes()
        if b"@njit" in text:
            digest.update(f"{path.relative_to(stages)} {len(text)}\n".encode() + text)
    return run / "numba" / digest.hexdigest()[:16]
