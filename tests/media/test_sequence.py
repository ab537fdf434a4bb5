"""Which files a pattern names, and how they are read."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lumaloom.errors import InputError, UsageError
from lumaloom.frame import Frame, Transfer
from lumaloom.media.reader import Reader
from lumaloom.media.sequence import Sequence, found, plain_name
from lumaloom.media.source import Source, SourceOptions
from tests.media import clips, sequences


def _found(pattern: str) -> Sequence:
    sequence = found(pattern)
    assert isinstance(sequence, Sequence)
    return sequence


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"x")


def _frames(pattern: str, **options: object) -> tuple[list[Frame], Source]:
    with Source(pattern, SourceOptions(**options)) as source:  # type: ignore[arg-type]
        return [item for item in source.items() if isinstance(item, Frame)], source


def _samples(frame: Frame) -> bytes:
    return b"".join(np.ascontiguousarray(plane).tobytes() for plane in frame.planes)


def test_the_first_number_is_found_and_others_are_left_alone(tmp_path: Path) -> None:
    _touch(tmp_path, "a.0009.png", "a.0010.png", "a.00011.png", "a.12.png", "b.0008.png", "a.0007.png.bak")
    sequence = _found(str(tmp_path / "a.%04d.png"))
    assert [sequence.name(n) for n in range(len(sequence))] == ["a.0009.png", "a.0010.png"]
    assert (sequence.first, sequence.rate) == (9, 25)


def test_a_pattern_of_the_shell_is_in_natural_order(tmp_path: Path) -> None:
    _touch(tmp_path, "s10.png", "s9.png", "s1.png", "t1.jpg")
    sequence = _found(str(tmp_path / "s*.png"))
    assert [sequence.name(n) for n in range(len(sequence))] == ["s1.png", "s9.png", "s10.png"]


def test_a_file_of_that_name_comes_first(tmp_path: Path) -> None:
    _touch(tmp_path, "a%d.png", "a1.png", "[b].png")
    for name in ("a%d.png", "[b].png"):
        assert found(str(tmp_path / name)) == str(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("b.%04d.png", "no such file, and none with a number for %04d$"),
        ("a.%03d.png", r"for %03d; there is a\.0001\.png"),
        ("none/a.%04d.png", "no such file or directory"),
        ("c*.png", "no such file, and none that matches"),
    ],
)
def test_a_pattern_without_files(tmp_path: Path, name: str, message: str) -> None:
    _touch(tmp_path, "a.0001.png")
    with pytest.raises(InputError, match=message):
        found(str(tmp_path / name))


def test_a_stray_number_claims_no_memory(tmp_path: Path) -> None:
    _touch(tmp_path, "a1.png", "a2000000000.png")
    with pytest.raises(UsageError, match="more than 1000000 numbers are missing"):
        found(str(tmp_path / "a%d.png"))


def test_gaps_are_named(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, [7, 9, 10, 14])
    sequence = _found(pattern)
    assert sequence.gaps() == "shot.0008.png and shot.0011.png to shot.0013.png"
    assert sequence.gaps(end=Fraction(1, 25)) == sequence.gaps(Fraction(2, 25), Fraction(4, 25)) == ""
    for use in (Source, Reader):
        with pytest.raises(InputError, match=r"missing between .*: shot\.0008\.png and .*--best-effort"):
            use(pattern)


@pytest.mark.parametrize(
    ("name", "fmt", "ours"),
    [
        ("s%d.png", "rgb24", "rgb24"),
        ("s%d.png", "rgba", "rgba"),
        ("s%d.png", "rgb48be", "rgb48le"),
        ("s%d.tif", "rgba64le", "rgba64le"),
        ("s%d.dpx", "gbrp10le", "gbrp10le"),
        ("s%d.exr", "gbrapf32le", "gbrapf32le"),
        ("s%d.jpg", "yuvj420p", "yuv420p"),
        ("s%d.webp", "bgra", "rgba"),
        ("s%d.bmp", "bgr24", "bgr24"),
    ],
)
def test_frames_are_those_of_the_files(tmp_path: Path, name: str, fmt: str, ours: str) -> None:
    pattern = sequences.make(tmp_path, range(3, 9), name, fmt)
    frames, source = _frames(pattern, threads=3)
    assert [frame.pts for frame in frames] == list(range(6))
    assert (source.rate, source.frame_count, source.spec.format.name) == (25, 6, ours)
    for number, frame in enumerate(frames, 3):
        (alone,), _ = _frames(pattern % number, threads=1)
        assert _samples(frame) == _samples(alone), number
    assert (source.spec.colour.transfer is Transfer.LINEAR) == name.endswith("exr")
    with Reader(pattern) as reader:
        for number in (4, 0, 5, 1, 2, 3):
            assert _samples(reader.frame(number)) == _samples(frames[number])


def test_ranges_by_time_and_by_frame(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, [*range(10), 12])  # of the gap nothing is said before it
    every, _ = _frames(pattern, end_frame=10)
    for options in ({"start": Fraction(3, 25), "end": Fraction(7, 25)}, {"start_frame": 3, "end_frame": 7}):
        frames, source = _frames(pattern, **options)
        assert [frame.pts for frame in frames] == [0, 1, 2, 3]
        assert [_samples(frame) for frame in frames] == [_samples(frame) for frame in every[3:7]]
        assert not source.losses.any
    with pytest.raises(UsageError, match="has no frame 13; it has 13"):
        _frames(pattern, start_frame=13)


def _one_of_another_size(folder: Path) -> None:
    (folder / "shot.0003.png").write_bytes(sequences.picture(3, width=16))


def _one_of_another_format(folder: Path) -> None:
    (folder / "shot.0003.png").write_bytes(sequences.picture(3, fmt="rgba"))


def _one_that_is_cut_off(folder: Path) -> None:
    (folder / "shot.0003.png").write_bytes(sequences.picture(3)[:-200])


def _one_that_is_empty(folder: Path) -> None:
    (folder / "shot.0003.png").write_bytes(b"")


def _one_that_is_a_pipe(folder: Path) -> None:
    (folder / "shot.0003.png").unlink()
    os.mkfifo(folder / "shot.0003.png")


def _one_of_another_kind(folder: Path) -> None:
    (folder / "shot.0003.png").write_bytes(sequences.picture(3, "jpg", "yuvj420p"))


def _one_that_is_missing(folder: Path) -> None:
    (folder / "shot.0003.png").unlink()


@pytest.mark.parametrize(
    ("spoil", "count"),
    [
        (_one_of_another_size, "changed_frames"),
        (_one_of_another_format, "changed_frames"),
        (_one_that_is_cut_off, "decode_errors"),
        (_one_that_is_empty, "decode_errors"),
        (_one_that_is_a_pipe, "decode_errors"),
        (_one_of_another_kind, "decode_errors"),
        (_one_that_is_missing, "decode_errors"),
    ],
)
def test_a_bad_file_is_named_or_counted(tmp_path: Path, spoil, count: str) -> None:  # type: ignore[no-untyped-def]
    pattern = sequences.make(tmp_path, range(1, 7))
    whole, _ = _frames(pattern)
    spoil(tmp_path)
    for threads in (1, 3):
        with pytest.raises(InputError, match=r"shot\.0003\.png"):
            _frames(pattern, threads=threads)
        frames, source = _frames(pattern, threads=threads, best_effort=True)
        assert [frame.pts for frame in frames] == [0, 1, 3, 4, 5]
        assert [_samples(frame) for frame in frames] == [_samples(whole[frame.pts]) for frame in frames]
        assert getattr(source.losses, count) == 1
    with Reader(pattern, best_effort=True) as reader:
        for number in (3, 5, 0):
            assert _samples(reader.frame(number)) == _samples(whole[number]), "the others are whole"
        with pytest.raises(InputError, match=r"shot\.0003\.png"):
            reader.frame(2)
        assert [frame.pts for frame in reader.frames(range(6))] == [0, 1, 3, 4, 5]


@pytest.mark.parametrize(("extension", "fmt"), [("exr", "gbrpf32le"), ("jpg", "yuvj420p")])
def test_a_file_that_ends_early_and_still_decodes(tmp_path: Path, extension: str, fmt: str) -> None:
    pattern = sequences.make(tmp_path, range(3), f"s%d.{extension}", fmt)
    place = tmp_path / f"s1.{extension}"
    place.write_bytes(place.read_bytes()[:-3])
    with pytest.raises(InputError, match=rf"s1\.{extension}: is cut off"):
        _frames(pattern)
    if extension == "exr":
        with pytest.raises(InputError, match="is cut off"):
            _frames(str(place))


def test_what_follows_a_jpeg_is_no_matter(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, range(2), "s%d.jpg", "yuvj420p")
    place = tmp_path / "s1.jpg"
    place.write_bytes(place.read_bytes() + b"\0\0\xff\xda a film" * 9)
    assert len(_frames(pattern)[0]) == 2


def test_a_first_file_that_is_damaged(tmp_path: Path) -> None:
    pattern = sequences.make(tmp_path, range(4))
    (tmp_path / "shot.0000.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"0 of 4 frames are readable \(shot\.0000\.png: "):
        _frames(pattern)
    frames, _ = _frames(pattern, best_effort=True)
    assert [frame.pts for frame in frames] == [1, 2, 3]
    with Reader(pattern) as reader:
        with pytest.raises(InputError, match=r"frame 0 of 4 can't be decoded: shot\.0000\.png"):
            reader.frame(0)
        assert _samples(reader.frame(2)) == _samples(frames[1])
    with Reader(pattern, best_effort=True) as reader:
        assert (reader.spec.width, len(reader)) == (48, 4)


def test_clips_are_no_pictures(tmp_path: Path) -> None:
    clips.make(tmp_path / "a1.mp4", count=2)
    with pytest.raises(InputError, match=r"a%d\.mp4: expected pictures, but .*a1\.mp4 is QuickTime"):
        Source(str(tmp_path / "a%d.mp4"))


def test_the_name_without_the_number() -> None:
    assert [str(plain_name(f"a/{name}")) for name in ("s.%04d.png", "%d.png", "x_%d_y.tif", "clip.mp4")] == [
        "a/s.png",
        "a/%d.png",
        "a/x_y.tif",
        "a/clip.mp4",
    ]
