"""The encoders that can be asked for, and how their quality and speed are set.

A new encoder is one row of `_ROWS`.
"""

from __future__ import annotations

from functools import cache

from av.codec.context import CodecOption, OptionFlags, OptionType

from lumaloom.errors import FormatError, ParameterError, nearest
from lumaloom.media.encoder import Encoder, Preset, Quality, codec_of

_X26X_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
_X26X_WORK = (0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.7, 3.0, 6.0)
_NVENC_PRESETS = tuple(f"p{n}" for n in range(1, 8))


_ROWS = (
    Encoder(
        name="libx264",
        work=40.0,
        codec="h264",
        aliases=("h264", "x264", "avc"),
        quality=Quality("crf", 0, 51, 23, lossless=(("qp", "0"),)),
        preset=Preset("preset", _X26X_PRESETS, "medium", _X26X_WORK),
        even=True,
        hdr="x264-params",
    ),
    Encoder(
        name="libx265",
        work=100.0,
        codec="hevc",
        aliases=("hevc", "h265", "x265"),
        quality=Quality("crf", 0, 51, 28, lossless=(("x265-params", "lossless=1"),)),
        preset=Preset("preset", _X26X_PRESETS, "medium", _X26X_WORK),
        extra=(("x265-params", "log-level=error"),),
        even=True,
        threads=("x265-params", "pools"),
        hdr="x265-params",
    ),
    Encoder(
        name="libvpx-vp9",
        work=220.0,
        codec="vp9",
        aliases=("vp9",),
        quality=Quality("crf", 0, 63, 31, lossless=(("lossless", "1"),)),
        preset=Preset("cpu-used", tuple(map(str, range(9))), "4"),
        extra=(("row-mt", "1"),),
    ),
    Encoder(
        name="libvpx",
        work=60.0,
        codec="vp8",
        aliases=("vp8",),
        # In constrained quality the bit rate is a ceiling, and VP8 asks for one.
        quality=Quality("crf", 4, 63, 10),
        preset=Preset("cpu-used", tuple(map(str, range(17))), "2"),
        extra=(("b", "100M"),),
    ),
    Encoder(
        name="libsvtav1",
        work=60.0,
        codec="av1",
        aliases=("av1", "svtav1"),
        quality=Quality("crf", 1, 63, 35),
        preset=Preset("preset", tuple(map(str, range(-2, 14))), "8"),
        even=True,
        threads=("svtav1-params", "lp"),
        hdr="svtav1-params",
        environment=("SVT_LOG", "1"),
    ),
    Encoder(
        name="libaom-av1",
        work=220.0,
        codec="av1",
        quality=Quality("crf", 0, 63, 32),
        preset=Preset("cpu-used", tuple(map(str, range(9))), "4"),
        extra=(("row-mt", "1"),),
    ),
    Encoder(
        name="ffv1",
        work=25.0,
        codec="ffv1",
        extra=(("level", "3"), ("g", "1"), ("slicecrc", "1")),
        without=("grayf32le", "gbrpf32le", "gbrapf32le"),
    ),
    Encoder(
        name="prores_ks",
        work=120.0,
        codec="prores",
        aliases=("prores",),
        quality=Quality("q", 1, 31, 0),
        preset=Preset("profile", ("proxy", "lt", "standard", "hq", "4444", "4444xq")),
        extra=(("vendor", "apl0"),),
    ),
    Encoder(name="gif", codec="gif", only=("rgb24", "bgr24", "rgba", "bgra")),
    Encoder(name="png", work=240.0, codec="png"),
    # No tag for the range: gray goes out as RGB, which is full range.
    Encoder(name="apng", work=500.0, codec="apng", without=("gray", "gray16le")),
    Encoder(
        name="mjpeg",
        codec="mjpeg",
        aliases=("jpeg", "jpg"),
        quality=Quality("q", 1, 31, 3),
        # Limited range is marked in the file, which FFmpeg wants to have confirmed.
        extra=(("strict", "unofficial"),),
        holds=True,
    ),
    Encoder(
        name="tiff",
        work=60.0,
        codec="tiff",
        preset=Preset("compression_algo", ("raw", "packbits", "lzw", "deflate"), "lzw"),
        only=("gray", "gray16le", "rgb24", "rgba", "rgb48le", "rgba64le"),
    ),
    Encoder(
        name="exr",
        work=60.0,
        codec="exr",
        preset=Preset("compression", ("none", "rle", "zip1", "zip16"), "zip16"),
    ),
    Encoder(name="dpx", work=5.0, codec="dpx"),
    # Lossless, as the others, unless options say otherwise.
    Encoder(name="libwebp", work=300.0, codec="webp", aliases=("webp",), extra=(("lossless", "1"),), only=("bgra",)),
    Encoder(name="bmp", work=3.0, codec="bmp", only=("bgr24", "bgra")),
    Encoder(name="targa", work=10.0, codec="targa", aliases=("tga",), only=("gray", "bgr24", "bgra")),
    Encoder(name="rawvideo", work=1.0, codec="rawvideo", aliases=("raw",)),
    Encoder(
        name="h264_nvenc",
        work=1.0,
        codec="h264",
        quality=Quality("cq", 0, 51, 23, lossless=(("tune", "lossless"),)),
        preset=Preset("preset", _NVENC_PRESETS, "p4"),
        extra=(("rc", "vbr"),),
        only=("yuv420p", "nv12", "yuv444p"),
        even=True,
    ),
    Encoder(
        name="hevc_nvenc",
        work=1.0,
        codec="hevc",
        quality=Quality("cq", 0, 51, 28, lossless=(("tune", "lossless"),)),
        preset=Preset("preset", _NVENC_PRESETS, "p4"),
        extra=(("rc", "vbr"),),
        only=("yuv420p", "nv12", "p010le", "yuv444p"),
        even=True,
    ),
    Encoder(
        name="av1_nvenc",
        work=1.0,
        codec="av1",
        quality=Quality("cq", 0, 63, 35),
        preset=Preset("preset", _NVENC_PRESETS, "p4"),
        extra=(("rc", "vbr"),),
        only=("yuv420p", "nv12", "p010le"),
        even=True,
    ),
)

ENCODERS: dict[str, Encoder] = {row.name: row for row in _ROWS}
_NICKNAMES = {nickname: row for row in _ROWS for nickname in (row.name, *row.aliases)}


@cache
def available() -> tuple[Encoder, ...]:
    """Return the encoders that this FFmpeg has."""
    return tuple(row for row in _ROWS if codec_of(row.name) is not None)


def encoder(name: str) -> Encoder:
    """Return the encoder called `name`, FFmpeg's name or one of ours.

    Raises:
        FormatError: there is no such encoder, or this FFmpeg was built without it.

    """
    row = _NICKNAMES.get(name.lower())
    if row is None:
        raise FormatError(f"unknown encoder {name!r}{nearest(name, _NICKNAMES)} (known: {labels(available())})")
    if row not in available():
        raise FormatError(f"this FFmpeg was built without the encoder {row.name} (available: {labels(available())})")
    return row


def labels(rows: tuple[Encoder, ...]) -> str:
    """Return the names of encoders as a list for a message."""
    return ", ".join(row.label for row in rows)


def settings(
    row: Encoder, crf: float | None = None, preset: str | None = None, options: dict[str, str] | None = None
) -> dict[str, str]:
    """Return the options for FFmpeg: `crf` and `preset` as this encoder understands them, then `options`.

    0 for `crf` means lossless where the encoder can.

    Raises:
        ParameterError: a value is out of range, or the encoder has no such option.

    """
    result = dict(row.extra)
    for name, value in (*_quality(row, crf), *_preset(row, preset), *(options or {}).items()):
        old = result.get(name)
        result[name] = f"{old}:{value}" if old and name.endswith("-params") else value
    known = {option.name: option for option in _options(row.name)}
    for name, value in (options or {}).items():
        if name == "pix_fmt":
            raise ParameterError(f"pix_fmt is no option of {row.label}: ask for it by --pixel-format (pixel_format=)")
        if name not in known:
            raise ParameterError(f"{row.label} has no option {name!r}{nearest(name, known)}")
        _check_range(row, known[name], value)
    return result


def _quality(row: Encoder, crf: float | None) -> tuple[tuple[str, str], ...]:
    quality = row.quality
    if quality is None:
        if crf is not None:
            raise ParameterError(f"crf={crf:g} has no meaning for {row.label}: its quality can't be chosen")
        return ()
    if crf is None:
        return ((quality.option, f"{quality.default:g}"),) if quality.default else ()
    if not quality.low <= crf <= quality.high:
        raise ParameterError(f"crf={crf:g} is out of range for {row.label}: {quality.low:g} (best) to {quality.high:g}")
    if crf == 0 and quality.lossless:
        return quality.lossless
    return ((quality.option, f"{crf:g}"),)


def _preset(row: Encoder, preset: str | None) -> tuple[tuple[str, str], ...]:
    if row.preset is None:
        if preset is not None:
            raise ParameterError(f"preset={preset} has no meaning for {row.label}: it has no presets")
        return ()
    if preset is None:
        return ((row.preset.option, row.preset.default),) if row.preset.default else ()
    if preset not in row.preset.choices:
        known = ", ".join(row.preset.choices)
        raise ParameterError(
            f"unknown preset {preset!r} for {row.label}{nearest(preset, row.preset.choices)} (one of {known})"
        )
    return ((row.preset.option, preset),)


def _check_range(row: Encoder, option: CodecOption, value: str) -> None:
    if option.type not in (OptionType.INT, OptionType.INT64, OptionType.DOUBLE, OptionType.FLOAT):
        return
    try:
        number = float(value)
    except ValueError:
        return  # A named constant or a number with a unit; FFmpeg reads those.
    if not option.min <= number <= option.max:
        raise ParameterError(f"{option.name}={value} is out of range for {row.label}: {option.min:g} to {option.max:g}")


@cache
def _options(name: str) -> tuple[CodecOption, ...]:
    """Return the options that the encoder has; FFmpeg's generic ones are those for encoding video."""
    codec = codec_of(name)
    if codec is None:
        return ()
    found = codec.create("video").supported_options
    wanted = OptionFlags.ENCODING_PARAM | OptionFlags.VIDEO_PARAM
    generic = tuple(o for o in found.generic if o.type != OptionType.CONST and o.flags & wanted == wanted)
    return generic + tuple(o for o in found.private if o.type != OptionType.CONST)
