"""`make mutants`: plant one-line faults in a copy of the checkout and see the named test turn red.

A mutant that survives means a test that no longer tests. Not collected by pytest.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in `file`; `test` must fail."""

    file: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant("stages/edits.py", "if out and start < out[-1][1]:", "if out and start <= out[-1][1]:", "tests/stages/test_edits.py"),
    Mutant("stages/decisions.py", "reasons.list.slice(1)", "reasons.list.slice(0)", "tests/stages/test_decisions.py"),
    Mutant("stages/census.py", 'side="right"', 'side="left"', "tests/stages/test_census.py"),
    Mutant("pipelines/files.py", "self.tmp.replace(self.path)", "self.path.write_bytes(self.tmp.read_bytes())", "tests/pipelines/test_store.py"),
    Mutant("pipelines/recipe.py", "node.body = body[1:]", "node.body = body[0:]", "tests/pipelines/test_recipe.py"),
    Mutant("pipelines/locks.py", "fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB", "tests/pipelines/test_locks.py"),
    Mutant("pipelines/inputs.py", "if other is not row:", "if other is None:", "tests/pipelines/test_inputs.py"),
    Mutant("pipelines/stage.py", "if path not in wanted and", "if path in wanted and False and", "tests/pipelines/test_stage.py"),
    Mutant("pipelines/stage.py", "if s not in self.failed", "if s", "tests/pipelines/test_stage.py"),
    Mutant("pipelines/runner.py", "n_jobs > ctx.params.run.ray_from", "n_jobs >= ctx.params.run.ray_from", "tests/pipelines/test_runner.py::test_when_ray_is_used"),
    Mutant("pipelines/work.py", "return stat.digest(path) == out.file_digest", "return True", "tests/test_properties.py::test_a_table_damaged_on_disk_is_made_again"),
    Mutant("pipelines/extract.py", "PRUNE_SHARE = 0.1", "PRUNE_SHARE = 0.9", "tests/test_properties.py::test_a_shard_added_is_measured_alone_and_removed_again_leaves_no_trace"),
    Mutant("pipelines/outputs.py", 'judged.get("manifest") == now.digest', "True", "tests/test_properties.py::test_a_gate_is_open_only_for_the_manifest_that_it_judged"),
    Mutant("stages/extract/forbidden.py", "if doc_id in seen]", "if doc_id in ()]", "tests/test_properties.py::test_a_shard_added_is_measured_alone_and_removed_again_leaves_no_trace"),
    Mutant("stages/mix/verdict.py", "if found.canary.harm and large:", "if large:", "tests/stages/mix/test_verdict.py"),
    Mutant("stages/mix/canary/keys.py", "p.warn_ert_tail if taught else p.harm_ert_tail", "p.harm_ert_tail", "tests/stages/mix/canary/test_keys.py"),
    Mutant("stages/mix/within.py", "if statistic.log else values", "if False else values", "tests/stages/mix/test_within.py"),
    Mutant("stages/mix/matched.py", "math.sqrt((1 + shared) / (1 - shared))", "1.0", "tests/stages/mix/test_matched.py"),
    Mutant("stages/mix/windows.py", "full.height == 2 * groups.height", "full.height", "tests/stages/mix/test_declared.py"),
    Mutant("stages/mix/ngrams.py", "sample.raise_to(_bits(group))", "pass", "tests/stages/mix/test_ngrams.py"),
    Mutant("stages/mix/separability.py", "blocks.clusters[rows] & np.uint64(1) == 0", "np.arange(len(rows)) % 2 == 0", "tests/stages/mix/test_separability.py"),
    Mutant("stages/extract/messages.py", 'parse_http(auto_decode="none")', 'parse_http(auto_decode="all")', "tests/stages/extract/test_messages.py"),
    Mutant("stages/extract/codings.py", "if found is not None and len(found) > bound:", "if False:", "tests/stages/extract/test_codings.py"),
    Mutant("pipelines/inputs.py", "_equal_names([*warcs, *synthetic])", "_equal_names(warcs)", "tests/pipelines/test_synthetic_inputs.py"),
    Mutant("stages/dedup/paragraphs.py", 'tables["dedup/decisions"].filter', 'tables["extract/documents"].with_columns(keep=True).filter', "tests/stages/dedup/test_paragraphs.py"),
    Mutant("stages/mix/collapse.py", "if share <= UNMATCHED:", "if True:", "tests/stages/mix/test_collapse.py"),
    Mutant("stages/mix/within.py", ".mean() > TAKEN", ".mean() > 2", "tests/stages/mix/test_within.py"),
)  # fmt: skip


def main() -> int:
    """Plant every mutant in turn; returns the number that survived."""
    survived = [m for m in MUTANTS if not _dies(m)]
    for mutant in survived:
        print(f"SURVIVED {mutant.file}: {mutant.old!r} -> {mutant.new!r} under {mutant.test}")
    print(f"{len(MUTANTS) - len(survived)} of {len(MUTANTS)} mutants died")
    return len(survived)


def _dies(mutant: Mutant) -> bool:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(
            ROOT,
            copy,
            ignore=shutil.ignore_patterns(".venv", ".run", ".git", "__pycache__", ".hypothesis", "*.nbi", "*.nbc"),
        )
        path = copy / mutant.file
        text = path.read_text()
        if mutant.old not in text:
            print(f"{mutant.file}: {mutant.old!r} is not there: mend the mutant")
            return False
        path.write_text(text.replace(mutant.old, mutant.new, 1))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutant.test]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        print(f"{'died' if done.returncode == 1 else done.returncode}  {mutant.file}: {mutant.old[:60]}", flush=True)
        return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main())
