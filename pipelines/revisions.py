"""Files of a git revision, and the outs that DVC's cache keeps of it: by the digests in that revision's dvc.lock.

The store's door to the past. It reads and never writes, calls git and not dvc, and knows no stage.
"""

from __future__ import annotations

import configparser
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.errors import BadInput, Infrastructure
from pipelines.store import read_arrow

if TYPE_CHECKING:
    import polars as pl


def commit_of(root: Path, name: str) -> str:
    """The commit that a revision names, as git writes it. Raises BadInput where there is none."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found is None:
        raise BadInput(f"{name!r} is no revision of this checkout; name a commit, branch or tag, `baseline` or `now`")
    return found.decode().split()[-1]


def last_commit(root: Path, path: str) -> str | None:
    """The last commit that changed a file, or None."""
    found = _git(root, "log", "-1", "--format=%H", "--", path)
    return found.decode().strip() or None if found else None


@dataclass(frozen=True)
class Revision:
    """A commit of the checkout at `root`."""

    root: Path
    commit: str

    def text(self, path: str) -> str | None:
        """A file's content: from git, else from the cache; None where neither has it."""
        found = _git(self.root, "show", f"{self.commit}:{path}")
        if found is None:
            cached = self.cached(path)
            found = cached.read_bytes() if cached else None
        return None if found is None else found.decode()

    @cached_property
    def outs(self) -> Mapping[str, str]:
        """Path -> md5 of every out, as dvc.lock has them; a folder's ends in `.dir`."""
        found = _git(self.root, "show", f"{self.commit}:dvc.lock")
        lock: Any = yaml.load(found, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if found else {}
        stages = (lock or {}).get("stages", {}).values()
        return {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", ()) if "md5" in out}

    def cached(self, path: str) -> Path | None:
        """The cache's file of an out, or of a file in a folder that is one; None where the cache has it no more."""
        if path in self.outs:
            return self._entry(self.outs[path])
        folder, _, name = path.rpartition("/")
        md5 = self._listed(folder).get(name) if folder in self.outs else None
        return self._entry(md5) if md5 else None

    def _entry(self, md5: str) -> Path | None:
        path = self._cache / "files" / "md5" / md5[:2] / md5[2:]
        return path if path.is_file() else None

    def _listed(self, folder: str) -> Mapping[str, str]:
        """Name -> md5 of the files of a folder that is an out."""
        if folder not in self._folders:
            entry = self._entry(self.outs[folder])
            rows = json.loads(entry.read_bytes()) if entry else []
            self._folders[folder] = {row["relpath"]: row["md5"] for row in rows}
        return self._folders[folder]

    @cached_property
    def _folders(self) -> dict[str, Mapping[str, str]]:
        return {}

    @cached_property
    def _cache(self) -> Path:
        """Where DVC keeps its cache, as its settings say."""
        settings = configparser.ConfigParser()
        settings.read([self.root / ".dvc" / "config", self.root / ".dvc" / "config.local"])
        return (self.root / ".dvc" / settings.get("cache", "dir", fallback="cache")).resolve()


def read_columns(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of a Parquet file, whatever it is called."""
    import polars as pl
    import pyarrow as pa

    try:
        frame = pl.from_arrow(read_arrow(path, columns))
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise Infrastructure(f"{path}: cannot be read ({error})") from error
    assert isinstance(frame, pl.DataFrame)
    return frame


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git prints, or None where it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise BadInput("git is not installed: only `now` can be compared with itself") from error
    return done.stdout if done.returncode == 0 else None
