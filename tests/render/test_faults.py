"""Whatever fails, wherever: one clear error, no file, no thread and no buffer left behind."""

from __future__ import annotations

import gc
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lumaloom
from lumaloom.effect import Effect, Frame, Kind
from lumaloom.errors import CancelledError, EffectError, InputError, LumaloomError
from lumaloom.memory import BufferPool
from tests.media import clips

FRAMES = 30


class Brittle(Effect):
    """Fails on the n-th frame that it gets."""

    name = "brittle"
    kind = Kind.POINTWISE
    fails_at = 0
    error: BaseException = RuntimeError("as planned")

    def render(self, src: Frame, out: Frame) -> None:
        if src.pts * src.time_base * 25 == self.fails_at:
            raise self.error
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make(tmp_path_factory.mktemp("faults") / "in.mp4", count=FRAMES, audio="aac")


@pytest.fixture
def source(tmp_path: Path, clip: Path) -> Path:
    return Path(shutil.copy(clip, tmp_path))


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[BufferPool]:
    made: list[BufferPool] = []

    initialise = BufferPool.__init__

    def watched(pool: BufferPool, *args: Any, **kwargs: Any) -> None:
        initialise(pool, *args, **kwargs)
        made.append(pool)

    monkeypatch.setattr(BufferPool, "__init__", watched)
    return made


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path, source: Path, pools: list[BufferPool]) -> Iterator[None]:
    gc.freeze()  # what was there before is not looked at again
    yield
    gc.collect()
    gc.unfreeze()
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
    names = [thread.name for thread in threading.enumerate()]
    # The kernels' own pool stays for the life of the process.
    assert not [name for name in names if name.startswith("lumaloom") and not name.startswith("lumaloom-kernels")]
    assert [pool.stats.in_use for pool in pools] == [0] * len(pools)


def _brittle(frame: int, error: BaseException | None = None) -> Brittle:
    effect = Brittle()
    effect.fails_at = frame
    effect.error = error or RuntimeError("as planned")
    return effect


@pytest.mark.parametrize("frame", [0, 1, 2, 7, FRAMES - 1])
@pytest.mark.parametrize("threads", [1, 3])
def test_an_effect_that_fails(tmp_path: Path, source: Path, frame: int, threads: int) -> None:
    with pytest.raises(EffectError, match=r"brittle failed on the frame at \d\.\d+ s: .*: RuntimeError: as planned"):
        lumaloom.render(source, tmp_path / "out.mp4", ["blur", _brittle(frame)], threads=threads)


def test_an_interrupt_in_the_middle(tmp_path: Path, source: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        lumaloom.render(source, tmp_path / "out.mp4", [_brittle(9, KeyboardInterrupt())])


def test_a_job_that_is_cancelled(tmp_path: Path, source: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError, match="cancelled after"):
        lumaloom.render(source, tmp_path / "out.mp4", ["blur"], cancel=cancel)


def test_a_listener_that_fails(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.jobs.rendering._REPORT_EVERY", 0)

    def listen(_: object) -> None:
        raise RuntimeError("no ear")

    with pytest.raises(RuntimeError, match="no ear"):
        lumaloom.render(source, tmp_path / "out.mp4", ["blur"], on_progress=listen)


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out.gif", "out.%03d.png"])
def test_a_damaged_input(tmp_path: Path, source: Path, output: str) -> None:
    clips.damaged(clips.make(source, count=FRAMES), source, at=0.7)  # where the decoder can notice
    with pytest.raises(InputError, match="best-effort"):
        lumaloom.render(source, tmp_path / output, ["blur"])


def test_a_directory_that_is_not_there(tmp_path: Path, source: Path) -> None:
    with pytest.raises(LumaloomError, match="nowhere"):
        lumaloom.render(source, tmp_path / "nowhere" / "out.mp4")


def test_output_on_top_of_the_input(source: Path) -> None:
    before = source.read_bytes()
    with pytest.raises(LumaloomError, match="input"):
        lumaloom.render(source, source, ["blur"], overwrite=True)
    assert source.read_bytes() == before
