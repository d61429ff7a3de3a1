"""The folder of compiled kernels: another one as soon as any kernel may have changed."""

import ast
import shutil

from pipelines.kernels import STAGES, cache_folder


def test_a_changed_kernel_has_another_folder_and_other_code_has_not(tmp_path):
    stages = tmp_path / "stages"
    shutil.copytree(STAGES, stages, ignore=shutil.ignore_patterns("__pycache__"))
    first = cache_folder(tmp_path, stages)
    assert first == cache_folder(tmp_path, stages) == cache_folder(tmp_path)
    assert first.parent == tmp_path / "numba"
    plain = stages / "mix" / "verdict.py"
    plain.write_text(plain.read_text() + "\n# said\n")
    assert cache_folder(tmp_path, stages) == first
    kernel = stages / "shingles.py"
    kernel.write_text(kernel.read_text().replace("np.uint64(33)", "np.uint64(32)"))
    assert cache_folder(tmp_path, stages) != first


def test_kernels_take_nothing_from_modules_that_define_none():
    """Functions and constants are compiled into a kernel: whatever it imports from stages counts as a kernel's."""
    files = {p: p.read_text() for p in STAGES.rglob("*.py")}
    kernels = {p for p, text in files.items() if "@njit" in text}
    names = {f"stages.{'.'.join(p.relative_to(STAGES).with_suffix('').parts)}" for p in kernels}
    foreign, seen = [], 0
    for path in kernels:
        tree = ast.parse(files[path])
        imported = {
            alias.asname or alias.name: node.module
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stages.")
            for alias in node.names
        }
        for function in (n for n in tree.body if isinstance(n, ast.FunctionDef)):
            if not any("njit" in ast.unparse(d) for d in function.decorator_list):
                continue
            types = {n.id for a in function.args.args for n in ast.walk(a) if isinstance(n, ast.Name)}
            loads = {n.id for b in function.body for n in ast.walk(b) if isinstance(n, ast.Name)} - types
            seen += len(loads & set(imported))
            foreign += [(function.name, n, imported[n]) for n in loads & set(imported) if imported[n] not in names]
    assert seen > 5
    assert foreign == []
