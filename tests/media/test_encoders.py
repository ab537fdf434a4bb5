from __future__ import annotations

from fractions import Fraction

import av
import pytest

from lumaloom.errors import FormatError, ParameterError
from lumaloom.frame import FORMATS
from lumaloom.media.choice import best_format, choose, container_for
from lumaloom.media.containers import CONTAINERS
from lumaloom.media.encoders import ENCODERS, available, encoder, settings

WRITABLE = [row for row in available() if "nvenc" not in row.name]


@pytest.mark.parametrize(
    ("target", "name", "expected"),
    [
        ("a.mp4", None, ("mp4", "libx264")),
        ("a.M4V", "hevc", ("mp4", "libx265")),
        ("a.mkv", "ffv1", ("mkv", "ffv1")),
        ("a.webm", None, ("webm", "libvpx-vp9")),
        ("a.webm", "av1", ("webm", "libsvtav1")),
        ("a.mov", "prores", ("mov", "prores_ks")),
        ("a.gif", None, ("gif", "gif")),
        ("f%04d.png", None, ("png", "png")),
        ("a.mkv", "libx264", ("mkv", "libx264")),
        ("a.mkv", "H264", ("mkv", "libx264")),
    ],
)
def test_the_extension_names_the_container_and_its_usual_encoder(target, name, expected):
    choice = choose(target, name)
    assert (choice.container.name, choice.encoder.name) == expected


def test_null_takes_every_format_as_it_is():
    choice = choose("null")
    assert choice.encoder is None
    assert all(best_format(row, choice, 3, 5) is row for row in FORMATS.values())


@pytest.mark.parametrize(
    ("target", "name", "words"),
    [
        ("a.mp5", None, ["unknown extension .mp5", "did you mean 'mp4'", ".webm"]),
        ("a", None, ["needs an extension", ".mp4"]),
        ("a.mp4", "prorez", ["unknown encoder 'prorez'", "did you mean 'prores'"]),
        ("a.mp4", "prores", [".mp4 can't hold prores", "h264", ".mov"]),
        ("a.webm", "h264", [".webm can't hold h264", "vp9", ".mkv"]),
        ("a.gif", "h264", [".gif can't hold h264"]),
    ],
)
def test_what_does_not_fit_is_one_line_with_the_mend(target, name, words):
    with pytest.raises(FormatError) as caught:
        choose(target, name)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_encoder_that_this_ffmpeg_lacks_is_named_as_such():
    missing = next((row for row in ENCODERS.values() if row not in available()), None)
    if missing is None:
        pytest.skip("this FFmpeg has every encoder of the table")
    with pytest.raises(FormatError, match="built without"):
        encoder(missing.name)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("h264", {"crf": 52}, ["crf=52", "0 (best) to 51"]),
        ("av1", {"crf": 0}, ["crf=0", "1 (best) to 63"]),
        ("ffv1", {"crf": 20}, ["no meaning for ffv1"]),
        ("h264", {"preset": "midium"}, ["unknown preset 'midium'", "did you mean 'medium'", "veryslow"]),
        ("vp9", {"preset": "fast"}, ["unknown preset 'fast'", "0, 1"]),
        ("png", {"preset": "fast"}, ["no presets"]),
        ("h264", {"options": {"bframs": "2"}}, ["no option 'bframs'"]),
        ("h264", {"options": {"aq-mod": "2"}}, ["no option 'aq-mod'", "did you mean 'aq-mode'"]),
        ("vp9", {"options": {"cpu-used": "99"}}, ["cpu-used=99", "-8 to 8"]),
    ],
)
def test_bad_settings_name_the_range_or_the_choices(name, given, words):
    with pytest.raises(ParameterError) as caught:
        choose("a.mkv" if name != "png" else "a.png", name, **given)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_settings_become_ffmpegs_options_and_the_callers_win():
    assert settings(encoder("h264"), 18, "fast")["crf"] == "18"
    assert settings(encoder("h264"), 18, "fast", {"crf": "30"}) == {"crf": "30", "preset": "fast"}
    assert settings(encoder("h264"), 0) == {"qp": "0", "preset": "medium"}
    merged = settings(encoder("hevc"), 20, None, {"x265-params": "aq-mode=3"})["x265-params"]
    assert merged == "log-level=error:aq-mode=3"
    assert settings(encoder("prores"), None, "proxy")["profile"] == "proxy"


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("yuv420p", "h264", "yuv420p"),
        ("yuv420p10le", "h264", "yuv420p10le"),
        ("yuv420p12le", "h264", "yuv420p10le"),
        ("yuv420p12le", "hevc", "yuv420p12le"),
        ("yuv422p12le", "h264", "yuv422p10le"),
        ("yuv444p", "vp9", "yuv444p"),
        ("yuv444p", "av1", "yuv420p"),
        ("nv12", "h264", "nv12"),
        ("nv12", "hevc", "yuv420p"),
        ("p010le", "hevc", "yuv420p10le"),
        ("gray", "vp9", "yuv420p"),
        ("gray16le", "ffv1", "gray16le"),
        ("rgb24", "h264", "yuv444p"),
        ("rgb24", "hevc", "gbrp"),
        ("rgb24", "ffv1", "rgb24"),
        ("gbrp", "ffv1", "rgb24"),
        ("rgba", "prores", "yuva444p10le"),
        ("yuv420p", "prores", "yuv422p10le"),
        ("yuv444p12le", "prores", "yuv444p10le"),
        ("yuva420p", "vp9", "yuva420p"),
        ("gbrpf32le", "ffv1", "gbrp16le"),
        ("yuv420p", "png", "rgb24"),
        ("yuva420p", "png", "rgba"),
        ("yuv420p10le", "png", "rgb48le"),
        ("rgb48le", "png", "rgb48le"),
    ],
)
def test_the_best_format_loses_least(source, name, expected):
    target = "a.png" if name == "png" else "a.webm" if name == "vp9" else "a.mov" if name == "prores" else "a.mkv"
    assert best_format(FORMATS[source], choose(target, name), 64, 64).name == expected


def test_odd_sizes_move_to_a_format_without_subsampling_or_are_refused():
    assert best_format(FORMATS["yuv420p"], choose("a.mp4"), 65, 48).name == "yuv444p"
    assert best_format(FORMATS["yuv422p"], choose("a.mp4"), 64, 47).name == "yuv422p"
    assert best_format(FORMATS["yuv420p"], choose("a.webm"), 65, 47).name == "yuv420p"
    with pytest.raises(FormatError, match="65x48"):
        best_format(FORMATS["yuv420p"], choose("a.mkv", "av1"), 65, 48)


def test_every_row_reaches_ffmpeg_in_a_format_that_the_encoder_lists():
    for row in WRITABLE:
        listed = {video.name for video in (av.Codec(row.name, "w").video_formats or [])}
        for fmt in row.formats():
            if row.name == "gif" or not listed:
                continue
            assert row.stored_as(fmt) in listed, (row.name, fmt.name)


def test_defaults_are_within_their_own_ranges():
    for row in ENCODERS.values():
        if row.quality and row.quality.default:
            assert row.quality.low <= row.quality.default <= row.quality.high
        if row.preset and row.preset.default:
            assert row.preset.default in row.preset.choices
    for row in available():
        settings(row, options=dict(row.extra))


def test_every_container_has_an_encoder_that_fits_it():
    for extension, container in CONTAINERS.items():
        assert container_for(f"x.{extension}") is container
        assert ENCODERS[container.encoder].codec in container.video
        assert container.tick is None or isinstance(container.tick, Fraction)
