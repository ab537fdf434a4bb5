"""Pictures from files as inputs of pointwise effects: where they lie, what the function gets, and what is refused."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops

from lumaloom.effect import Effect, Frame, Param, ParameterError, Picture, pointwise
from lumaloom.frame import FORMATS, Colour, Matrix, Range, Timing, Transfer
from lumaloom.graph import make_plan
from lumaloom.plugins import default_registry
from lumaloom.pointwise.program import program
from lumaloom.pointwise.reference import reference
from tests.cuda import fake_cupy
from tests.cuda.host_shim import compiler
from tests.engine.frames import POOL, noise, spec
from tests.engine.test_pointwise import differences

SPACES = ("rgb", "linear", "yuv")


def effect(call: str) -> Any:
    return default_registry().create(call)


def saved(path: Path, width: int = 14, height: int = 9, mode: str = "RGBA", **options: Any) -> Path:
    rng = np.random.default_rng(width)
    samples = rng.integers(0, 256, (height, width, len(mode)), np.uint8)
    Image.fromarray(samples[..., 0] if mode == "L" else samples).save(path, **options)
    return path


def after(what: Effect, src: Frame, fmt: str | None = None) -> Frame:
    for step in make_plan(src.spec, [what], None if fmt is None else [FORMATS[fmt]]).steps:
        src = step.apply(src, POOL)
    return src


def replaced(space: str) -> Any:
    """Return an effect that gives back the picture."""

    @pointwise(space=space)  # type: ignore[arg-type]
    def shown(r: Any, g: Any, b: Any, *, file: Picture = Param()) -> Any:
        """Show the picture."""
        return file[:3]

    return shown


@pointwise(space="luma")
def lit(y: Any, *, file: Picture = Param()) -> Any:
    """Scale luma by a picture's."""
    light, opacity = file
    return y * light * opacity


@pytest.mark.parametrize("name", ["yuv420p", "nv12", "p010le", "rgba", "gbrpf32le", "yuva422p10le"])
def test_code_is_the_definition(name: str, tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png")
    for size in ((67, 35), (7, 5), (1, 1)):
        src = noise(spec(name, *size))
        chain = [effect(f"overlay file={file} mode=overlay"), lit(file=str(file)), effect("sepia")]
        assert differences(chain, src, src.spec) <= 1
        placed = f"overlay file={file} fit=none anchor=bottom-right x=-2 y='0:1 1s:-9' width=20"
        assert differences([effect(placed)], src, src.spec) <= 1
        if src.format.has_alpha:
            chain = [effect(f"mask file={file} invert=true fit=cover"), effect(f"background file={file}")]
            assert differences(chain, src, src.spec) <= 1


@pytest.mark.skipif(compiler() is None, reason="g++ is not there")
def test_cuda_kernels_are_the_definition(tmp_path: Path) -> None:
    deep = tmp_path / "deep.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 65536, (9, 14), np.uint16)).save(deep)
    placed = f"overlay file={saved(tmp_path / 'a.png')} fit=none anchor=top-right x=5 y=-2 width=20"
    stages = [effect(placed).stage, effect(f"mask file={deep}").stage]
    src = noise(spec("yuva420p", 37, 19))
    expected, found = (Frame.allocate(src.spec, POOL, like=src) for _ in range(2))
    reference(stages, src, expected)
    with fake_cupy.installed() as cupy:
        source, target = (frame.with_planes(tuple(map(cupy.asarray, frame.planes))) for frame in (src, found))
        program(stages, src.spec, src.spec).run(stages, source, target)
        planes = [cupy.asnumpy(plane) for plane in target.planes]
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(expected.planes, planes, strict=True)) <= 1


@pytest.mark.parametrize(("width", "height"), [(14, 9), (40, 31), (5, 70)])
def test_it_is_scaled_as_pillow_does(width: int, height: int, tmp_path: Path) -> None:
    """Enlarged and shrunk, by a triangle that widens where it shrinks."""
    file = saved(tmp_path / "a.png", width, height, "RGB")
    wanted = np.asarray(Image.open(file).resize((32, 16), Image.Resampling.BILINEAR)).astype(int)
    out = after(effect(f"overlay file={file} fit=stretch"), noise(spec("rgb24")))
    assert np.abs(out.planes[0] - wanted).max() <= 1


def test_blend_modes_and_over_are_pillows(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png", 32, 16)
    src = noise(spec("rgba"))
    below, over = (Image.fromarray(samples) for samples in (src.planes[0], np.asarray(Image.open(file))))
    mixed = np.asarray(ImageChops.multiply(below.convert("RGB"), over.convert("RGB"))).astype(float)
    share = np.asarray(over)[..., 3:] / 255
    wanted = src.planes[0][..., :3] + share * (mixed - src.planes[0][..., :3])
    out = after(effect(f"overlay file={file} mode=multiply"), src).planes[0]
    assert np.abs(out[..., :3] - wanted).max() <= 1.6
    assert np.array_equal(out[..., 3], src.planes[0][..., 3])
    behind = after(effect(f"background file={file}"), src).planes[0].astype(int)
    composed = np.asarray(Image.alpha_composite(over, below)).astype(int)
    seen = composed[..., 3] > 64  # below, eight bits of straight alpha tell colours apart badly
    assert np.abs(behind - composed)[seen].max() <= 2


def test_how_it_fills_the_frame(tmp_path: Path) -> None:
    """A square of four quarters on a frame twice as wide as high."""
    file = tmp_path / "a.png"
    quarters = np.zeros((16, 16, 3), np.uint8)
    quarters[:8, :8, 0], quarters[:8, 8:, 1], quarters[8:, :8, 2], quarters[8:, 8:] = 255, 255, 255, 255
    Image.fromarray(quarters).save(file)
    black = noise(spec("rgb24"))
    black.planes[0][...] = 7
    for fit, corner, inside in (("stretch", (0, 0), (0, 1)), ("cover", (0, 0), (3, 14)), ("contain", (2, 9), (2, 9))):
        out = after(effect(f"overlay file={file} fit={fit}"), black).planes[0]
        assert out[corner].tolist() == [255, 0, 0], fit
        assert out[inside].tolist() == [255, 0, 0], fit
        assert out[-1, 16 + inside[1] % 7 + 1].tolist() == [255, 255, 255], fit
        assert (out[:, :8] == 7).all() == (fit == "contain")
    cut = after(effect(f"overlay file={file} fit=cover"), black).planes[0]
    assert [cut[7, 0].tolist(), cut[8, 0].tolist()] == [[255, 0, 0], [0, 0, 255]] or cut[7, 0, 0] > cut[8, 0, 0]


@pytest.mark.parametrize(
    ("words", "left", "top"),
    [
        ("", 9, 3),
        ("anchor=top-left", 0, 0),
        ("anchor=bottom-right x=-2 y=-1", 16, 6),
        ("anchor=left x=-5", -5, 3),
        ("anchor=top x=-1 y=12", 8, 12),
        ("x=99", 108, 3),
        ("anchor=top-left x=3 width=7", 3, 0),
    ],
)
def test_where_a_picture_of_its_own_size_lies(words: str, left: int, top: int, tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png", mode="RGB")
    size = (7, 4) if "width" in words else (14, 9)
    picture = Image.open(file).resize(size, Image.Resampling.BILINEAR)
    src = noise(spec("rgb24"))
    wanted = Image.fromarray(src.planes[0])
    wanted.paste(picture, (left, top))
    out = after(effect(f"overlay file={file} fit=none {words}"), src).planes[0]
    assert np.abs(out.astype(int) - np.asarray(wanted)).max() <= 1


def test_a_picture_moves_by_keyframes(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png", mode="RGB")
    src = noise(spec("rgb24"), timing=Timing(1, Fraction(1, 2)))
    out = after(effect(f"overlay file={file} fit=none anchor=top-left x='0s:0 1s:20'"), src).planes[0]
    assert np.array_equal(out[:9, 10:24], np.asarray(Image.open(file)))


def test_what_is_see_through_lends_no_colour(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    samples = np.zeros((64, 64, 4), np.uint8)
    samples[::2], samples[1::2, :, 0] = (0, 200, 0, 255), 255
    Image.fromarray(samples).save(file)
    src = noise(spec("rgba"))
    src.planes[0][...] = 0
    out = after(effect(f"background file={file} fit=stretch"), src).planes[0].astype(int)
    assert np.abs(out[4:-4, 4:-4] - (0, 200, 0, 128)).max() <= 1


@pytest.mark.parametrize("space", SPACES)
def test_a_function_gets_the_channels_of_its_space(space: str, tmp_path: Path) -> None:
    """Whatever the space, a function that returns the picture shows the picture."""
    file = saved(tmp_path / "a.png", 32, 16, "RGB")
    out = after(replaced(space)(file=str(file)), noise(spec("rgb24")))
    assert np.abs(out.planes[0].astype(int) - np.asarray(Image.open(file))).max() <= 1
    asked = replaced(space)(1.0, 2.0, 3.0, file=(0.1, 0.2, 0.3, 1.0))
    assert asked == (0.1, 0.2, 0.3)


def test_white_on_hdr_frames_is_reference_white(tmp_path: Path) -> None:
    """203 cd/m2 of PQ, 75 % of HLG: ITU-R BT.2408."""
    file = tmp_path / "a.png"
    Image.new("L", (4, 4), 255).save(file)
    for transfer, code in ((Transfer.PQ, 0.5807), (Transfer.HLG, 0.75), (Transfer.BT709, 1.0)):
        colour = Colour(Matrix.BT2020_NCL, transfer=transfer, range=Range.LIMITED)
        out = after(effect(f"overlay file={file} fit=cover"), noise(spec("yuv420p10le", 32, 16, colour)))
        assert np.abs((out.planes[0] - 64.0) / 876 - code).max() < 1.5 / 876
        assert np.abs(out.planes[1] - 512.0).max() <= 1


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.tiff", "a.bmp", "a.png"])
def test_kinds_of_files(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    Image.new("RGB", (32, 16), (200, 100, 50)).save(file, quality=95)
    out = after(effect(f"overlay file={file}"), noise(spec("rgb24")))
    assert np.abs(out.planes[0] - np.array([200, 100, 50])).max() <= 3


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    for value in (40, 190):
        Image.new("L", (value, value), value).save(file)
        assert (
            np.abs(after(effect(f"overlay file={file} fit=cover"), noise(spec("rgb24"))).planes[0] - value).max() == 0
        )


def header(width: int, height: int) -> bytes:
    """Return a PNG picture that says it is so large."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 99))]
    text = b"\x89PNG\r\n\x1a\n"
    for kind, data in (*chunks, (b"IEND", b"")):
        text += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return text


def test_what_is_refused_before_the_first_frame(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole.png", 64, 64).read_bytes()
    contents = {"text.png": b"no picture", "empty.png": b"", "cut.png": whole[:900], "wide.png": header(60000, 60000)}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder.png").mkdir()
    with (tmp_path / "huge.png").open("wb") as sparse:
        sparse.truncate((256 << 20) + 1)
    wanted = {
        "none.png": "can't be read: No such file or directory",
        "text.png": "is no picture; expected a PNG, JPEG, WebP, TIFF or BMP file",
        "empty.png": "is no picture",
        "cut.png": "is damaged, or has more than 64 megapixels",
        "wide.png": "is damaged, or has more than 64 megapixels",
        "folder.png": "is no regular file",
        "huge.png": "expected a picture of at most 256 MiB",
    }
    for name, message in wanted.items():
        for call in (f"overlay file={tmp_path / name}", f"mask file={tmp_path / name}"):
            with pytest.raises(ParameterError) as caught:
                make_plan(spec("rgba"), [effect(call)])
            assert str(caught.value).startswith(f"{call.split()[0]}: file '{tmp_path / name}': {message}")
            assert "\n" not in str(caught.value)


@pointwise(space="any")
def each(v: Any, *, file: Picture = Param(), fit: str = Param("cover")) -> Any:
    """Mix a channel with the picture's own."""
    same, opacity = file
    return v + 0.7 * opacity * (same - v)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("gray10le", "RGBA"),
        ("gray", "LA"),
        ("yuv420p", "L"),
        ("yuva444p12le", "RGBA"),
        ("rgb24", "LA"),
        ("gbrapf32le", "RGBA"),
    ],
)
def test_a_channel_by_itself_gets_the_same_of_the_picture(name: str, mode: str, tmp_path: Path) -> None:
    """In all models by the definition, alone and after other stages; and red is mixed with red, not with luma."""
    chain = [each(file=str(saved(tmp_path / "a.png", mode=mode))), effect("brightness amount=0.1")]
    colour = [] if name.startswith("gray") else [effect("saturation amount=1.2")]
    src = noise(spec(name, 35, 19, Colour(transfer=Transfer.PQ)))
    for stages in (chain, [*colour, *chain, *colour]):
        assert differences(stages, src, src.spec) <= 1
    if name == "rgb24":
        file = saved(tmp_path / "b.png", 32, 16, "RGB")
        out = after(each(file=str(file)), noise(spec("rgb24")))
        wanted = 0.3 * noise(spec("rgb24")).planes[0] + 0.7 * np.asarray(Image.open(file))
        assert np.abs(out.planes[0] - wanted).max() <= 0.51
    assert each(0.5, file=(1.0, 0.5)) == 0.5 + 0.7 * 0.5 * 0.5


def test_gray_is_the_same_gray_in_all_models(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.png", 32, 16, "L")
    for name in ("gray", "yuv444p", "rgb24"):
        src = noise(spec(name, colour=Colour(range=Range.FULL)))
        for plane, neutral in zip(src.planes, (90, 128, 128), strict=False):
            plane[...] = neutral
        out = after(each(file=str(file)), src)
        wanted = 0.3 * 90 + 0.7 * np.asarray(Image.open(file))
        luma = out.planes[0] if out.planes[0].ndim == 2 else out.planes[0][..., 1]
        assert np.abs(luma - wanted).max() <= 1
        assert all(np.abs(chroma - 128.0).max() <= 1 for chroma in out.planes[1:])


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "1", "I;16"])
def test_masks_of_any_kind_are_their_luma_and_opacity(mode: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    file = tmp_path / "mask.png"
    if mode == "I;16":
        samples = rng.integers(0, 65536, (16, 32), np.uint16)
        picture, light = Image.fromarray(samples), samples / 65535
    elif mode == "1":
        picture = Image.fromarray(rng.integers(0, 256, (16, 32), np.uint8)).convert("1")
        light = np.asarray(picture).astype(float)
    else:
        samples = rng.integers(0, 256, (16, 32, len(mode)), np.uint8)
        picture = Image.fromarray(samples[..., 0] if mode == "L" else samples, None if mode != "LA" else "LA")
        light = samples[..., 0] / 255.0
        light = light * samples[..., 1] / 255 if mode == "LA" else light
        light = samples @ [0.2126, 0.7152, 0.0722] / 255 if mode == "RGB" else light
    picture.save(file)
    src = noise(spec("rgba64le"))
    for words, kept in (("", light), (" invert=true", 1 - light)):
        out = after(effect(f"mask file={file}{words}"), src).planes[0]
        wanted = src.planes[0][..., 3] * kept
        assert np.abs(out[..., 3] - wanted).max() <= 1
        assert np.array_equal(out[..., :3], src.planes[0][..., :3])


def test_it_is_described() -> None:
    made = effect("mask file=a.png")
    assert made.params["file"].expects == "the name of a picture or video file"
    assert made.schema()["properties"]["file"]["type"] == "string"
    with pytest.raises(ParameterError, match="mask: file is missing; it expects the name of a picture or video file"):
        effect("mask")
    with pytest.raises(ParameterError, match="mask: file expects the name of a picture or video file, got 3"):
        type(made)(file=3)
