"""What the engine may name, what importing it loads, and how large a file may be."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import lumaloom
import lumaloom_effects
import lumaloom_kernels

ENGINE, KERNELS, EFFECTS = (
    Path(package.__file__ or "").parent for package in (lumaloom, lumaloom_kernels, lumaloom_effects)
)
SOURCES = [*ENGINE.rglob("*.py"), *KERNELS.rglob("*.py"), *EFFECTS.rglob("*.py")]
HEAVY = [
    "cupy",
    "numba",
    "llvmlite",
    "av",
    "dishka",
    "msgspec",
    "opentelemetry",
    "fastapi",
    "dask",
    "scipy",
    "rich",
    "cyclopts",
]


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a statement loads in a new interpreter."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout))


def test_the_files_are_found() -> None:
    assert len(SOURCES) > 40
    assert ENGINE / "frame" / "frame.py" in SOURCES


def test_the_engine_does_not_name_the_built_in_effects() -> None:
    for file in ENGINE.rglob("*"):
        if file.is_file() and file.suffix not in (".pyc", ".pyo"):
            assert "lumaloom_effects" not in file.read_text(errors="replace").replace(
                "def lumaloom_effects", ""
            ).replace("hook.lumaloom_effects", "").replace("function lumaloom_effects", ""), file.name


def test_kernels_know_nothing_of_the_engine() -> None:
    for file in KERNELS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in modules if name.split(".")[0] in ("lumaloom", "lumaloom_effects")], file.name


def test_the_container_comes_with_the_first_engine() -> None:
    assert "dishka" not in loaded_by("import lumaloom.composition.providers, lumaloom.clip")
    assert "dishka" in loaded_by("import lumaloom.composition; lumaloom.composition.Engine()")


@pytest.mark.parametrize(
    "statement", ["import lumaloom", "import lumaloom_kernels", "import lumaloom; dir(lumaloom); lumaloom.__version__"]
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    modules = loaded_by(statement)
    assert not [name for name in HEAVY if name in modules]


def test_authoring_an_effect_loads_no_codec_and_no_compiler() -> None:
    modules = loaded_by("import lumaloom.effect, lumaloom_effects")
    assert not [name for name in ("cupy", "numba", "av") if name in modules]


def test_every_public_name_is_there() -> None:
    for name in lumaloom.__all__:
        assert getattr(lumaloom, name) is not None
    assert set(lumaloom.__all__) <= set(dir(lumaloom))
    with pytest.raises(AttributeError, match="module 'lumaloom' has no attribute 'nothing'"):
        lumaloom.nothing  # noqa: B018


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: "/".join(file.parts[-3:]))
def test_no_file_holds_too_much(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 400, "ask what two things it holds"
