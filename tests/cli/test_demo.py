from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from lumaloom.cli.demo import font, scene
from lumaloom.cli.demo.pictures import fitted
from tests.cli.running import run_cli

NAMES = {"demo-source.mp4", "demo-rendered.mp4", "demo-before.png", "demo-after.png", "demo-contact-sheet.png"}


def _size(path: Path) -> tuple[int, int]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.width, frame.height


def test_the_demo_renders_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.cli.demo.clip.FRAMES", 8)
    monkeypatch.setattr("lumaloom.cli.demo.clip.SECONDS", 1)
    folder = tmp_path / "de mo"
    outcome = run_cli("demo", folder)
    assert (outcome.code, outcome.err) == (0, "")
    assert {path.name for path in folder.iterdir()} == NAMES
    assert _size(folder / "demo-before.png") == _size(folder / "demo-after.png") == (1280, 720)
    assert _size(folder / "demo-contact-sheet.png")[0] == 1344
    for part in ("fps on cpu", "blur sigma=7", "gpu", "lumaloom render '"):
        assert part in outcome.out
    with av.open(str(folder / "demo-source.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    with av.open(str(folder / "demo-rendered.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert sum(1 for _ in container.decode(video=0)) == 8


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = run_cli("demo", tmp_path / "file" / "demo")
    assert outcome.code == 1
    assert "the folder can't be made" in outcome.error


def test_a_demo_that_fails_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.cli.demo.clip.Scene.draw", lambda *_: 1 / 0)
    assert run_cli("demo", tmp_path / "demo").code == 1
    assert not list(tmp_path.iterdir())


def test_frames_depend_on_their_number_alone() -> None:
    first, second = scene.Scene(), scene.Scene()
    picture = first.draw(11)
    second.draw(3)
    assert np.array_equal(picture, second.draw(11))
    assert np.abs(picture.astype(int) - first.draw(12)).mean() > 1
    assert picture.std() > 40


def test_the_tone_has_no_seams() -> None:
    whole = scene.tone(0, 4096, 48000)
    parts = np.concatenate([scene.tone(start, 1024, 48000) for start in range(0, 4096, 1024)], axis=1)
    np.testing.assert_allclose(whole, parts, atol=1e-6)
    assert 0.05 < np.abs(whole).max() <= 1


def test_text_is_drawn_and_cut_at_the_edges() -> None:
    assert font.mask("I", 2).shape == (18, 10)
    assert font.mask("I").sum(axis=1).tolist() == [3, 1, 1, 1, 1, 1, 3, 0, 0]
    assert font.mask("\N{SNOWMAN}").sum() == 20
    area = np.zeros((12, 8, 3), np.uint8)
    font.draw(area, "WWW", 4, 8, (255, 255, 255))
    assert area[8:, 4:].any()


def test_pictures_fit_their_box() -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    assert fitted(picture, 80, 80).shape == (45, 80, 3)
    assert fitted(picture, 320, 400).shape == (180, 320, 3)
