"""What `samples/` and the README show works as shown."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import lumaloom
from lumaloom.effect import Effect
from lumaloom.plugins import Registry
from lumaloom.testing import check_effect
from tests.media import clips

ROOT = Path(__file__).resolve().parents[2]


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _second_picture(path: Path) -> np.ndarray[Any, Any]:
    with lumaloom.open(path) as clip:
        picture = clip[1].to_rgb()
        return picture.to_numpy() / picture.format.peak


def test_an_effect_in_its_own_package(tmp_path: Path) -> None:
    """It is found, previewed by its docstring's formula, and joins the built-in effects in one step."""
    registry = Registry()
    registry.add_plugin(_module(ROOT / "samples/own_effect/lumaloom_effect_bleach/__init__.py"), "sample")
    assert registry.failures == []
    bleach = registry.create("bleach amount=1")
    check_effect(bleach, formats=["rgb24"])
    source = clips.make(tmp_path / "in.mp4", count=3)
    result = lumaloom.render(source, tmp_path / "out.mkv", [bleach, "contrast amount=1"], encoder="ffv1")
    assert (result.frames, len(result.steps)) == (3, 1)
    assert len(lumaloom.render(source, "null", ["sepia", bleach, "vignette"]).steps) == 1
    before, after = (_second_picture(path) for path in (source, tmp_path / "out.mkv"))
    luma = before @ np.array([[0.2126], [0.7152], [0.0722]])
    expected = np.where(luma < 0.5, 2 * before * luma, 1 - 2 * (1 - before) * (1 - luma))
    assert np.abs(after - expected).mean() < 0.02  # chroma is halved in between
    assert np.abs(after - before).mean() > 0.05
    lines = (ROOT / "samples/own_effect/lumaloom_effect_bleach/__init__.py").read_text().splitlines()
    assert len(lines) < 40


def test_a_batch(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    clips.make(tmp_path / "in" / "good.mp4", count=3)
    (tmp_path / "in" / "bad.mp4").write_text("no video")
    assert _module(ROOT / "samples/batch.py").main(tmp_path / "in", tmp_path / "out", ["blur sigma=2"]) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.mp4"]


def test_the_effect_in_the_readme(tmp_path: Path) -> None:
    code = next(
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        if "@pointwise" in block
    )
    names: dict[str, object] = {}
    exec(code, names)
    effect = next(value for value in names.values() if isinstance(value, type) and issubclass(value, Effect))
    registry = Registry()
    registry.add(effect)
    source = clips.make(tmp_path / "in.mp4", count=3)
    assert lumaloom.render(source, "null", [registry.create(effect.name)]).frames == 3
