"""The package costs nothing to import, and its functions are functions."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lumaloom_kernels
from lumaloom_kernels import _registry

FOLDER = Path(_registry.__file__).parent


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_neither_numba_nor_cupy() -> None:
    code = "import sys, lumaloom_kernels as k; dir(k); k.gaussian_blur; k.box_blur"
    assert fresh(f"{code}; print([m for m in ('numba', 'cupy', 'llvmlite') if m in sys.modules])") == "[]"


def test_a_name_is_the_function_whatever_was_imported_first() -> None:
    code = "from lumaloom_kernels.box_blur import reference; import lumaloom_kernels as k; print(k.box_blur.__name__)"
    assert fresh(code) == "box_blur"
    code = "import lumaloom_kernels as k, lumaloom_kernels.box_blur; print(k.box_blur.__name__, callable(k.box_blur))"
    assert fresh(code) == "box_blur True"


def test_every_kernel_has_its_parts() -> None:
    assert {"gaussian_blur", "box_blur"} <= set(lumaloom_kernels.__all__) <= set(dir(lumaloom_kernels))
    for name in _registry.names():
        module = _registry.load(name)
        assert module.__doc__, name
        assert module.CASES, name
        for part in (name, "reference", "cpu", "gpu"):
            assert callable(getattr(module, part)), (name, part)
        assert getattr(lumaloom_kernels, name) is getattr(module, name)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_numba_is_whole_before_its_parts_are_asked_for(file: Path) -> None:
    """Else a thread that imports a part while another is half-way through numba gets the part without the rest."""
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    found = []
    for node in sorted(nodes, key=lambda node: node.lineno):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        found += [name for name in names if name.partition(".")[0] == "numba"]
    assert not found or found[0] == "numba"


def test_threads_may_load_kernels_at_once() -> None:
    code = """
import threading
import numpy as np
import lumaloom_kernels as kernels
image, errors = np.zeros((8, 8), np.uint8), []
calls = [lambda: kernels.erode(image, 3), lambda: kernels.rotate90(image, 1), lambda: kernels.flip(image, "both"),
         lambda: kernels.resize(image, (4, 4), "nearest"), lambda: kernels.median_blur(image, 1)]
def work(call):
    try:
        call()
    except Exception as error:
        errors.append(repr(error))
threads = [threading.Thread(target=work, args=(call,)) for call in calls]
for thread in threads: thread.start()
for thread in threads: thread.join()
raise SystemExit("; ".join(errors) or 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((FOLDER / "__init__.py").read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    names = [alias.asname for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert tuple(names) == _registry.names()


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lumaloom_kernels.nothing


def test_compiled_code_is_kept_until_a_file_it_is_made_of_changes(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "lumaloom_kernels", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    code = (
        "import numpy as np, lumaloom_kernels as k; from lumaloom_kernels import _lut_cpu;"
        "k.apply_lut(np.zeros((9, 99), np.uint16), np.zeros(65536, np.uint16));"
        "print(k.__file__, sum(_lut_cpu.direct_lines.stats.cache_hits.values()))"
    )

    def hits() -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.startswith(str(tmp_path))
        return done.stdout.split()[-1]

    assert [hits(), hits()] == ["0", "1"]
    for name in ("_simd", "_lanes"):  # only an intrinsic of that function uses what `_lanes` has
        helper = tmp_path / "lumaloom_kernels" / f"{name}.py"
        helper.write_text(helper.read_text() + "# changed\n")
        assert [hits(), hits()] == ["0", "1"], name


def test_the_stamp_follows_imports() -> None:
    from lumaloom_kernels import _matrix, _simd, _table

    stamps = {_simd.source_stamp(part.py_func) for part in (_matrix.matrix_lines, _table.table_lines, fresh_jit())}
    assert len(stamps) == 3
    assert _simd._file_of_package("_planes")[1] >= {"_lanes", "_simd"}


def fresh_jit() -> Any:
    from lumaloom_kernels import _simd

    return _simd.jit(lambda: 1)
