"""Videos as inputs of pointwise effects: which frame is shown when, and what of it the function gets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lumaloom.effect import Frame, Pointwise
from lumaloom.errors import ParameterError, UsageError
from lumaloom.frame import Colour, FrameSpec, Matrix, Range, Timing, Transfer
from lumaloom.graph import make_plan
from lumaloom.media.index import FrameIndex
from lumaloom.plugins import default_registry
from lumaloom.pointwise.footage import Beside, Footage, Opacity, Shown
from lumaloom.pointwise.program import program
from lumaloom.pointwise.reference import reference
from lumaloom.run import Here, Meter, run_plan
from lumaloom.run.clips import OtherClips, number_at, planar
from tests.cuda import fake_cupy
from tests.cuda.host_shim import compiler
from tests.engine.frames import POOL, noise, spec
from tests.engine.test_pointwise import worst
from tests.media import clips


def effect(call: str) -> Any:
    return default_registry().create(call)


def footage(what: FrameSpec, start: float = 0, after: str = "hold") -> Footage:
    return Footage(Path("over.mov"), what, Fraction(str(start)), after, "overlay: file")


def bound(call: str, clip: Footage) -> Pointwise:
    """Return an effect whose file is a clip that only this test has."""
    made: Pointwise = effect(f"{call} file={clip.path}").with_clips({"file": clip})
    return made


def index_of(times: Sequence[int], last: int, base: Fraction) -> FrameIndex:
    pts = np.array(times, np.int64)
    lengths = np.append(np.diff(pts), last)
    return FrameIndex(base, None, pts, lengths, np.array([0]), pts, True)


BASES = st.sampled_from([Fraction(1, 1000), Fraction(1, 90000), Fraction(1, 12800), Fraction(1001, 30000)])


@settings(max_examples=200, deadline=None)
@given(
    gaps=st.lists(st.integers(5, 4000), min_size=1, max_size=12),
    first=st.integers(-500, 500),
    base=BASES,
    now=st.integers(-3000, 90000),
    origin=st.integers(-900, 900),
    start=st.floats(-3, 9).map(lambda number: round(number, 3)),
    after=st.sampled_from(["hold", "loop", "none"]),
)
def test_the_frame_is_the_one_shown_at_that_time(
    gaps: list[int], first: int, base: Fraction, now: int, origin: int, start: float, after: str
) -> None:
    """A plain walk along the frames; timestamps here tell less than the shortest frame."""
    times = [first + sum(gaps[:k]) for k in range(len(gaps))]
    timing = Timing(now, Fraction(1, 48000), 0, origin)
    slack = min(Fraction(1, 48000) + base, Fraction(2, 1000))
    at = Fraction(now - origin, 48000) + Fraction(str(start)) + slack
    length = sum(gaps) * base
    expected: int | None = None
    if at >= 0 and (at < length or after != "none"):
        while after == "loop" and at >= length:
            at -= length
        expected = [k for k, time in enumerate(times) if (time - first) * base <= at][-1]
    clip = footage(spec("gray"), start, after)
    assert number_at(timing, clip, index_of(times, gaps[-1], base)) == expected


def test_rounded_timestamps_do_not_show_the_frame_before() -> None:
    """24000/1001 frames a second in milliseconds, against the same in exact ticks, and against themselves moved."""
    rounded = [round(Fraction(1001 * k * 1000, 24000)) for k in range(500)]
    exact = [1001 * k for k in range(500)]
    clip = footage(spec("gray"))
    for other in (index_of(exact, 1001, Fraction(1, 24000)), index_of(rounded, 42, Fraction(1, 1000))):
        for begin in range(3):
            shown = [number_at(Timing(p, Fraction(1, 1000), 0, rounded[begin]), clip, other) for p in rounded[begin:]]
            assert shown == list(range(500 - begin))


CALLS = (
    "overlay mode=overlay fit=contain anchor=top-left",
    "overlay mode=screen amount=0.8 fit=none anchor=bottom-right x=-2 y='0:1 1s:-9' width=20",
    "overlay fit=cover after=none",
    "overlay fit=stretch mode=multiply",
)


def shown_with(clip: Footage, over: Frame | None) -> Beside:
    return {clip: None if over is None else Shown(over, planar)}


@pytest.mark.parametrize(("name", "absent"), [("yuv420p", False), ("yuva444p10le", False), ("gray", True)])
def test_code_is_the_definition(name: str, absent: bool) -> None:
    for main, size in (("yuv420p", (67, 35)), ("yuva422p10le", (14, 9))):
        src = noise(spec(main, *size))
        over = noise(spec(name, 14, 9), 3)
        for call in CALLS:
            clip = footage(over.spec, after="none" if absent or "after" in call else "hold")
            chain = [bound(call, clip), effect("sepia")]
            stages, beside = [each.stage for each in chain], shown_with(clip, None if absent else over)
            expected, found = (Frame.allocate(src.spec, POOL, like=src) for _ in range(2))
            reference(stages, src, expected, beside=beside)
            program(stages, src.spec, src.spec).run(stages, src, found, beside=beside)
            assert worst(expected, found) <= 1, (main, call)
            if absent:  # then nothing is over the frame
                code = program(stages[:1], src.spec, src.spec)
                code.run(stages[:1], src, found, beside=beside)
                assert worst(src, found) <= 1, (main, call)


@pytest.mark.skipif(compiler() is None, reason="g++ is not there")
def test_cuda_kernels_are_the_definition() -> None:
    clip, src = footage(spec("yuva420p", 14, 9)), noise(spec("yuva420p", 37, 19))
    stages = [bound(f"{CALLS[1]}", clip).stage, bound("mask", clip).stage]
    for seed in range(2):  # the code and its settled numbers are those of the frame before
        beside = shown_with(clip, noise(clip.spec, seed))
        expected, found = (Frame.allocate(src.spec, POOL, like=src) for _ in range(2))
        reference(stages, src, expected, beside=beside)
        with fake_cupy.installed() as cupy:
            source, target = (frame.with_planes(tuple(map(cupy.asarray, frame.planes))) for frame in (src, found))
            program(stages, src.spec, src.spec).run(stages, source, target, beside=beside)
            planes = [cupy.asnumpy(plane) for plane in target.planes]
        assert max(np.abs(a.astype(int) - b).max() for a, b in zip(expected.planes, planes, strict=True)) <= 1


def laid_over(call: str, over: Frame, src: Frame) -> Frame:
    """Return a frame with another over it."""
    clip = footage(over.spec)
    stages, out = [bound(call, clip).stage], Frame.allocate(src.spec, POOL, like=src)
    program(stages, src.spec, src.spec).run(stages, src, out, beside=shown_with(clip, over))
    return out


@pytest.mark.parametrize("fmt", ["rgb24", "yuv444p", "yuv422p"])
@pytest.mark.parametrize(("degrees", "turns"), [(90, 1), (180, 2), (270, 3)])
def test_rotation_is_honoured(fmt: str, degrees: int, turns: int) -> None:
    """NumPy turns counter-clockwise, too."""
    over = noise(spec(fmt, 12, 8, rotation=degrees))
    if fmt != "rgb24":
        over.planes[1][...] = over.planes[2][...] = 128
    width, height = (8, 12) if turns % 2 else (12, 8)
    src = noise(spec("rgb24", width, height))
    upright = Frame(spec(fmt, 12, 8), over.planes)
    plain = laid_over("overlay fit=stretch", upright, noise(spec("rgb24", 12, 8))).planes[0]
    for fit in ("stretch", "none", "contain"):
        out = laid_over(f"overlay fit={fit}", over, src)
        assert np.array_equal(out.planes[0], np.rot90(plain, turns)), fit


def test_it_is_scaled_and_placed_as_pillow_does() -> None:
    over, src = noise(spec("rgba", 14, 9)), noise(spec("rgba", 32, 16))
    src.planes[0][..., 3] = 255
    over.planes[0][..., 3] = np.where(over.planes[0][..., 3] > 127, 255, 0)
    below = Image.fromarray(src.planes[0])
    below.alpha_composite(Image.fromarray(over.planes[0]), (32 - 14 - 2, 16 - 9 - 1))
    out = laid_over("overlay fit=none anchor=bottom-right x=-2 y=-1", over, src)
    assert np.abs(out.planes[0].astype(int) - np.asarray(below)).max() <= 1
    same_size = noise(spec("rgb24", 32, 16))
    moved = laid_over("overlay fit=none x=3 y=-2", same_size, noise(spec("rgb24", 32, 16), 1))
    assert np.array_equal(moved.planes[0][:-2, 3:], same_size.planes[0][2:, :-3])
    opaque = noise(spec("rgb24", 40, 31))
    wanted = np.asarray(Image.fromarray(opaque.planes[0]).resize((32, 16), Image.Resampling.BILINEAR)).astype(int)
    small = laid_over("overlay fit=stretch", opaque, noise(spec("rgb24", 32, 16)))
    assert np.abs(small.planes[0] - wanted).max() <= 1


@pytest.mark.parametrize("fmt", ["rgba", "rgba64le"])
@pytest.mark.parametrize(
    "call", ["fit=stretch", "fit=contain", "fit=cover", "fit=none width=9 x=4", "fit=none width=40"]
)
def test_what_is_see_through_is_scaled_as_that_of_pictures(fmt: str, call: str, tmp_path: Path) -> None:
    """It lends no colour to its neighbours: seen alike by two ways of computing it."""
    over, src = noise(spec(fmt, 14, 9)), noise(spec("rgb24", 32, 16), 1)
    over.planes[0][:, :5] = 0
    small = over.planes[0] if fmt == "rgba" else over.planes[0] // 257
    over.planes[0][...] = small.astype(over.planes[0].dtype) * (1 if fmt == "rgba" else 257)
    Image.fromarray(small.astype(np.uint8)).save(tmp_path / "over.png")
    (still,) = make_plan(src.spec, [effect(f"overlay file={tmp_path / 'over.png'} {call}")]).steps
    wanted, found = still.apply(src, POOL), laid_over(f"overlay {call}", over, src)
    assert worst(wanted, found) <= 1


def test_matrix_and_range_of_the_other_clip_count() -> None:
    """Orange, coded by BT.601 of full range, over frames of BT.709 of limited range."""
    full = Colour(Matrix.SMPTE170M, range=Range.FULL)
    over = noise(spec("yuv444p", 32, 16, full))
    for plane, value in zip(over.planes, (150, 73, 193), strict=True):
        plane[...] = value
    src = noise(spec("yuv444p", 32, 16, Colour(Matrix.BT709, range=Range.LIMITED)))
    out = laid_over("overlay fit=stretch", over, src)
    y, u, v = 150, 73 - 128, 193 - 128
    rgb = np.array([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u])
    luma = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
    wanted = (
        16 + luma * 219 / 255,
        128 + (rgb[2] - luma) / 1.8556 * 224 / 255,
        128 + (rgb[0] - luma) / 1.5748 * 224 / 255,
    )
    for plane, value in zip(out.planes, wanted, strict=True):
        assert np.abs(plane - value).max() <= 1


def test_hdr_and_sdr() -> None:
    """White of SDR is reference white of HDR; what is coded alike stays; HDR on SDR is refused."""
    pq = Colour(Matrix.BT2020_NCL, transfer=Transfer.PQ, range=Range.LIMITED)
    white = noise(spec("gray", 32, 16, Colour(range=Range.FULL)))
    white.planes[0][...] = 255
    src = noise(spec("yuv420p10le", 32, 16, pq))
    out = laid_over("overlay fit=stretch", white, src)
    assert np.abs((out.planes[0] - 64.0) / 876 - 0.5807).max() < 1.5 / 876
    over = noise(spec("yuv420p10le", 32, 16, pq), 5)
    for plane, value in zip(over.planes, (700, 512, 512), strict=True):
        plane[...] = value
    assert np.abs(laid_over("overlay fit=stretch", over, src).planes[0] - 700.0).max() <= 1
    with pytest.raises(
        ParameterError, match=r"overlay: file 'over.mov': is coded by PQ, the frames by BT709; make them"
    ):
        make_plan(spec("yuv420p"), [bound("overlay", footage(over.spec))])


def test_tables_are_made_once_and_forgotten() -> None:
    calls: list[Frame] = []

    def convert(frame: Frame, out: Frame, opacity: Opacity) -> None:
        calls.append(frame)
        planar(frame, out, opacity)

    over = noise(spec("yuv420p", 14, 9))
    moving: Any = bound("overlay fit=none", footage(over.spec))
    shown = Shown(over, convert)
    stages = [moving.stage]
    src = noise(spec("yuv420p"))
    code = program(stages, src.spec, src.spec)

    def run() -> None:
        code.run(stages, src, Frame.allocate(src.spec, POOL, like=src), beside={moving.clips[0]: shown})

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    for x in range(6):
        stages[0] = effect(f"overlay file=over.mov fit=none x={x}").with_clips({"file": moving.clips[0]}).stage
        run()
    assert len(calls) == 6
    assert len(shown._tables) == 2


def test_an_effect_by_itself_says_who_reads_videos() -> None:
    moving = bound("overlay", footage(spec("rgb24")))
    src = noise(spec("rgb24"))
    with pytest.raises(ParameterError, match="is a video, which only renders and clips read"):
        moving.render(src, src.copy(POOL))


def test_a_start_that_moves_is_refused(tmp_path: Path) -> None:
    over = clips.make(tmp_path / "a.mkv", "ffv1", 3)
    with pytest.raises(ParameterError, match="overlay: start of a video expects one number, got keyframes"):
        make_plan(spec("rgb24"), [effect(f"overlay file={over} start='0s:0 1s:1'")])


SOURCES: dict[str, Callable[[Path], Path]] = {
    name: clips.CLIPS[name] for name in ("open-gop-hevc.mkv", "vfr.mkv", "raw.h264")
}


@pytest.mark.parametrize("name", SOURCES)
def test_any_order_gives_the_frames_of_one_pass(name: str, tmp_path: Path) -> None:
    """Forwards in steps, backwards, far apart: what is read is what a decode from the start gives."""
    (what,) = make_plan(spec("rgb24"), [effect(f"overlay file={SOURCES[name](tmp_path)} after=loop")]).runs
    (clip,) = what.clips
    times = [Timing(40 * n, Fraction(1, 1000)) for n in range(60)]
    with OtherClips(1) as once:
        wanted = [once.at(time, what.clips)[clip] for time in times]
        assert once.at(times[-1], what.clips)[clip] is wanted[-1]
    order = [*range(0, 60, 3), *range(59, 0, -7), 1, 50, 2, 59, 0]
    with OtherClips(2, kept=1 << 20, most=1) as others:
        for n in order:
            found, expected = others.at(times[n], what.clips)[clip], wanted[n]
            assert found is not None
            assert expected is not None
            assert all(map(np.array_equal, found._frame.planes, expected._frame.planes)), n


def test_what_waits_is_bounded_by_the_bytes_of_both(tmp_path: Path) -> None:
    """Nobody takes the results: the other clip, whose frames are the larger ones, is not read on."""
    over = clips.make(tmp_path / "over.mkv", "ffv1", 40, fmt="gray", width=256, height=128)
    plan = make_plan(spec("gray"), [effect(f"mask file={over}"), effect(f"overlay file={over} fit=none x='0:0 9s:9'")])
    frames = (noise(spec("gray"), timing=Timing(n)) for n in range(40))
    meter, closed = Meter(), threading.Event()

    def items() -> Iterator[Frame]:
        try:
            yield from frames
        finally:
            closed.set()

    with OtherClips(1) as others:
        limit = 3 * 256 * 128  # the two effects share what they read
        path = run_plan(plan, items(), pool=POOL, workers=Here(), limit=limit, meter=meter, others=others)
        assert isinstance(path, Generator)
        next(path)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and meter.depth("beside").items < 2:
            time.sleep(0.01)
        time.sleep(0.1)
        assert meter.depth("beside").items == 2
        assert meter.depth("beside").nbytes <= limit
        assert not closed.is_set()
        path.close()
        assert closed.is_set()
    assert not [thread for thread in threading.enumerate() if "beside" in thread.name]


def test_decoders_that_nobody_needs_are_closed(tmp_path: Path) -> None:
    over = clips.make(tmp_path / "over.mkv", "ffv1", 8)
    runs = [make_plan(spec("rgb24"), [effect(f"overlay file={over} start=0.0{n}")]).runs[0] for n in range(4)]
    opened = len(list(Path("/proc/self/fd").iterdir()))

    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir())) - opened

    others = OtherClips(1, most=2)

    def use(run: Any, times: int) -> None:
        for n in range(times):
            others.at(Timing(n), run.clips)
            assert count() <= 2 + len(runs)

    threads = [threading.Thread(target=use, args=(run, 20)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count() == 2
    others.close()
    assert count() == 0
    with pytest.raises(UsageError, match="is closed, with the clip that it lies over; open that again"):
        others.at(Timing(), runs[0].clips)
