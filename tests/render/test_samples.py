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
    registry = Registry()
    registry.add_plugin(_module(ROOT / "samples/own_effect/lumaloom_effect_vignette/__init__.py"), "sample")
    assert registry.failures == []
    source = clips.make(tmp_path / "in.mp4", count=3)
    result = lumaloom.render(source, tmp_path / "out.mkv", [registry.create("vignette amount=1")], encoder="ffv1")
    assert result.frames == 3
    before, after = (_second_picture(path) for path in (source, tmp_path / "out.mkv"))
    assert np.abs(after[28:36, 44:52] - before[28:36, 44:52]).max() <= 0.02
    assert after[0, 0].max() <= 0.04 < before[0, 0].max()


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
        if "class " in block
    )
    names: dict[str, object] = {}
    exec(code, names)
    effect = next(
        value
        for value in names.values()
        if isinstance(value, type) and issubclass(value, Effect) and value is not Effect
    )
    registry = Registry()
    registry.add(effect)
    source = clips.make(tmp_path / "in.mp4", count=3)
    assert lumaloom.render(source, "null", [registry.create(effect.name)]).frames == 3
