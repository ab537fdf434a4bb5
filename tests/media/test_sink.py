from __future__ import annotations

import struct
import zlib
from fractions import Fraction

import av
import numpy as np
import pytest

from lumaloom.errors import FormatError, OutputError, ParameterError
from lumaloom.frame import ChromaLocation, Colour, Matrix, Primaries, Range, Transfer
from lumaloom.media.choice import choose
from lumaloom.media.containers import CONTAINERS
from lumaloom.media.encoders import available
from lumaloom.media.filters import Palette
from lumaloom.media.opensink import open_sink
from lumaloom.media.sink import NullSink
from lumaloom.media.video_encoder import order_times
from tests.media.outputs import frame, frames, read, same_samples, times, write

BT2020 = Colour(Matrix.BT2020_NCL, Primaries.BT2020, Transfer.PQ, Range.LIMITED)
BT601_FULL = Colour(Matrix.SMPTE170M, Primaries.SMPTE170M, Transfer.SMPTE170M, Range.FULL)
FAST = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast"},
    "libsvtav1": {"preset": "13"},
    "libvpx-vp9": {"preset": "8"},
    "libvpx": {"preset": "16"},
}
ENCODERS = [row for row in available() if "nvenc" not in row.name]
FILES = [
    (container.name, row.name)
    for container in dict.fromkeys(CONTAINERS.values())
    if not container.is_pictures
    for row in ENCODERS
    if row.codec in container.video
]


@pytest.mark.parametrize(("extension", "encoder"), FILES)
def test_every_encoder_in_every_container_that_takes_it(tmp_path, extension, encoder):
    source = frames(8, "rgb24" if encoder in ("gif", "apng") else "yuv420p")
    summary = write(tmp_path / f"out.{extension}", source, encoder, **FAST.get(encoder, {}))
    got = read(tmp_path / f"out.{extension}")
    assert summary.frames == len(got) == 8
    assert summary.bytes == (tmp_path / f"out.{extension}").stat().st_size
    start = times(got)[0]
    assert [t - start for t in times(got)] == pytest.approx([Fraction(n, 25) for n in range(8)], abs=1e-4)
    error = np.abs(source[3].to_rgb().to_numpy().astype(float) - got[3].to_rgb().to_numpy()[..., :3] / _scale(got[3]))
    assert error.mean() < (12 if extension != "gif" else 20)
    assert [path.name for path in tmp_path.iterdir()] == [f"out.{extension}"]


def _scale(item):
    return 257 if item.format.depth > 8 else 1


RAW = (
    *("yuv420p", "yuv422p10le", "yuv444p12le", "yuv420p16le", "yuva420p", "gray", "gray10le", "gray16le"),
    *("gbrp10le", "gbrp16le", "gbrap12le", "bgra"),
)
LOSSLESS = [("mkv", "ffv1", fmt, {}) for fmt in RAW] + [
    ("mkv", "h264", "yuv420p", {"crf": 0}),
    ("mkv", "h264", "yuv420p10le", {"crf": 0}),
    ("mkv", "h264", "yuv444p", {"crf": 0}),
    ("mp4", "hevc", "yuv420p", {"crf": 0}),
    ("mp4", "hevc", "yuv422p12le", {"crf": 0}),
    ("mp4", "hevc", "gbrp", {"crf": 0}),
    ("webm", "vp9", "yuv420p", {"crf": 0}),
    ("webm", "vp9", "yuv444p", {"crf": 0}),
    ("nut", "rawvideo", "yuv420p", {}),
    ("nut", "rawvideo", "rgb24", {}),
    ("apng", "apng", "rgba", {}),
]


@pytest.mark.parametrize(("extension", "encoder", "fmt", "given"), LOSSLESS)
def test_lossless_encoders_keep_every_bit(tmp_path, extension, encoder, fmt, given):
    source = frames(4, fmt)
    preset = {} if encoder not in ("h264", "hevc") else {"preset": "ultrafast"}
    summary = write(tmp_path / f"a.{extension}", source, encoder, **given, **preset)
    got = read(tmp_path / f"a.{extension}")
    assert summary.format == fmt
    assert got[0].format.name == fmt
    assert all(same_samples(a, b) for a, b in zip(source, got, strict=True))


@pytest.mark.parametrize("fmt", ["rgb24", "bgr24", "gbrp", "rgb48le", "rgba64le"])
def test_ffv1_keeps_rgb_in_whatever_order_it_is_stored(tmp_path, fmt):
    source = frames(2, fmt)
    write(tmp_path / "a.mkv", source, "ffv1")
    for a, b in zip(source, read(tmp_path / "a.mkv"), strict=True):
        expected = a.to_rgb().to_numpy()
        assert np.array_equal(expected, b.to_rgb().to_numpy()[..., : expected.shape[2]])


@pytest.mark.parametrize("encoder", ["h264", "hevc", "vp9", "av1", "ffv1"])
def test_variable_timing_survives_in_mp4(tmp_path, encoder):
    base = Fraction(1, 12800)
    pts = [0, 512, 1024, 1536, 2500, 3000, 7003]
    source = [
        frame(n, pts=p, time_base=base, duration=d)
        for n, (p, d) in enumerate(zip(pts, [512, 512, 512, 964, 500, 4003, 700], strict=True))
    ]
    given = FAST.get(choose("a.mp4", encoder).encoder.name, {})
    write(tmp_path / "a.mp4", source, encoder, **given)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.time_base == base
        assert [f.pts for f in container.decode(stream)] == pts
    # The movie's length is counted in the same units: the last frame keeps its duration.
    content = (tmp_path / "a.mp4").read_bytes()
    at = content.index(b"mvhd") + 16
    assert struct.unpack(">2I", content[at : at + 8]) == (12800, 7703)


@pytest.mark.parametrize("start", [3, 100_001])
def test_a_start_away_from_zero_survives_in_mp4(tmp_path, start):
    base = Fraction(1, 30000)
    source = [frame(n, pts=start + 1001 * n, time_base=base, duration=1001) for n in range(6)]
    write(tmp_path / "a.mp4", source, "h264", rate=Fraction(30000, 1001))
    got = read(tmp_path / "a.mp4")
    assert [item.pts for item in got] == [start + 1001 * n for n in range(6)]
    assert got[0].time_base == base


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("encoder", ["h264", "hevc", "vp9", "av1"])
def test_clips_shorter_than_the_delay_of_the_encoder(tmp_path, encoder, count):
    source = [frame(n, pts=512 * n, time_base=Fraction(1, 12800), duration=512) for n in range(count)]
    write(tmp_path / "a.mp4", source, encoder)
    assert times(read(tmp_path / "a.mp4")) == times(source)
    with av.open(str(tmp_path / "a.mp4")) as container:
        decoding = [packet.dts for packet in container.demux(video=0) if packet.size]
    assert decoding == sorted(set(decoding))
    assert decoding[0] > -12800


def test_decoding_times_are_made_from_the_order_of_showing():
    class Plain:
        def __init__(self, pts):
            self.pts, self.dts = pts, -4640323670482042391

    packets = [Plain(pts) for pts in (0, 30, 10, 20, 47)]
    order_times(packets)
    assert [packet.dts for packet in packets] == [-10, 0, 10, 20, 37]
    assert all(packet.dts <= packet.pts for packet in packets)


def test_a_start_below_zero_moves_to_zero_and_is_said(tmp_path):
    source = [frame(n, pts=n - 3) for n in range(6)]
    for extension in ("mp4", "mkv"):
        summary = write(tmp_path / f"a.{extension}", source, "h264")
        assert times(read(tmp_path / f"a.{extension}")) == times([frame(n) for n in range(6)])
        assert any("120 ms" in line for line in summary.warnings)


def test_matroska_rounds_to_milliseconds_and_keeps_the_order(tmp_path):
    source = [frame(n, pts=1001 * n, time_base=Fraction(1, 30000), duration=1001) for n in range(40)]
    write(tmp_path / "a.mkv", source, "ffv1", rate=Fraction(30000, 1001))
    assert [item.pts for item in read(tmp_path / "a.mkv")] == [(1001 * n + 15) // 30 for n in range(40)]


TAGGED = [
    (extension, encoder, fmt)
    for extension, encoder, fmt in [
        ("mp4", "h264", "yuv420p"),
        ("mp4", "hevc", "yuv420p10le"),
        ("mp4", "vp9", "yuv420p"),
        ("mp4", "av1", "yuv420p10le"),
        ("mkv", "h264", "yuv420p"),
        ("mkv", "hevc", "yuv420p10le"),
        ("mkv", "vp9", "yuv420p"),
        ("mkv", "av1", "yuv420p"),
        ("mkv", "ffv1", "yuv420p10le"),
        ("mkv", "prores", "yuv422p10le"),
        ("mov", "h264", "yuv422p"),
        ("mov", "hevc", "yuv420p"),
        ("mov", "prores", "yuv422p10le"),
        ("webm", "vp9", "yuv420p"),
        ("webm", "av1", "yuv420p10le"),
    ]
]


@pytest.mark.parametrize("colour", [BT2020, BT601_FULL], ids=["bt2020", "bt601-full"])
@pytest.mark.parametrize(("extension", "encoder", "fmt"), TAGGED)
def test_colour_tags_are_read_back_as_they_were(tmp_path, extension, encoder, fmt, colour):
    given = FAST.get(choose(f"a.{extension}", encoder).encoder.name, {})
    write(tmp_path / f"a.{extension}", frames(2, fmt, colour=colour), encoder, **given)
    got = read(tmp_path / f"a.{extension}")[0]
    expected = colour
    if encoder == "prores" and colour.range is Range.FULL:
        pytest.skip("ProRes has no mark for full range")
    assert got.spec.colour == expected
    assert got.format.name == fmt


@pytest.mark.parametrize(("extension", "encoder"), [("mp4", "h264"), ("mkv", "h264"), ("mp4", "hevc"), ("mkv", "ffv1")])
def test_untagged_stays_untagged(tmp_path, extension, encoder):
    write(tmp_path / f"a.{extension}", frames(2), encoder)
    colour = read(tmp_path / f"a.{extension}")[0].spec.colour
    assert (colour.matrix, colour.primaries, colour.transfer) == (2, 2, 2)


def test_the_chroma_location_reaches_the_stream(tmp_path):
    colour = Colour(chroma=ChromaLocation.TOPLEFT)
    write(tmp_path / "a.mkv", frames(2, colour=colour), "h264")
    plain = Colour(chroma=ChromaLocation.UNSPECIFIED)
    write(tmp_path / "b.mkv", frames(2, colour=plain), "h264")
    with av.open(str(tmp_path / "a.mkv")) as a, av.open(str(tmp_path / "b.mkv")) as b:
        # PyAV does not read it; the stream's header is what tells.
        assert a.streams.video[0].codec_context.extradata != b.streams.video[0].codec_context.extradata


@pytest.mark.parametrize(
    ("extension", "encoder"),
    [
        *(("mp4", "h264"), ("mp4", "vp9"), ("mp4", "av1"), ("mov", "prores"), ("avi", "h264"), ("ts", "h264")),
        *(("mkv", "h264"), ("mkv", "hevc"), ("mkv", "ffv1"), ("mkv", "vp9"), ("mkv", "prores"), ("mkv", "av1")),
    ],
)
@pytest.mark.parametrize("sar", [Fraction(128, 117), Fraction(9, 16), Fraction(4, 1)])
def test_the_sample_aspect_ratio_survives(tmp_path, extension, encoder, sar):
    summary = write(tmp_path / f"a.{extension}", frames(2, sar=sar), encoder)
    with av.open(str(tmp_path / f"a.{extension}")) as container:
        stream = container.streams.video[0]
        assert len(list(container.decode(stream))) == 2
        assert sar in (stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio)
    assert not [line for line in summary.warnings if "moved up" not in line]


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_hevc_has_the_tag_that_players_take(tmp_path, extension):
    write(tmp_path / f"a.{extension}", frames(2), "hevc")
    with av.open(str(tmp_path / f"a.{extension}")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_webm_keeps_the_shape_to_the_pixel(tmp_path):
    write(tmp_path / "a.webm", frames(2, width=176, height=144, sar=Fraction(128, 117)))
    with av.open(str(tmp_path / "a.webm")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(193, 176)


def test_the_shape_moves_nothing_in_a_matroska_file(tmp_path):
    class Origin:
        path, passthrough, attachments, metadata, chapters = tmp_path / "no", (), (), {}, ()
        stream_metadata, bottom_field_first = {"title": "A name", "language": "fra"}, False

    write(tmp_path / "a.mkv", frames(40, sar=Fraction(2, 1)), "ffv1", source=Origin())
    with av.open(str(tmp_path / "a.mkv")) as container:
        stream = container.streams.video[0]
        assert (stream.metadata["title"], stream.language) == ("A name", "fra")
        container.seek(1200, stream=stream)
        assert next(container.decode(stream)).pts == 1200
    content = (tmp_path / "a.mkv").read_bytes()
    content = content.split(bytes.fromhex("1654AE6B"), 2)[2]  # The first is in the list of positions.
    # The checksum of the tracks is right: BF 84, then the CRC of all that follows in them.
    octets = 9 - content[0].bit_length()
    end = octets + (int.from_bytes(content[:octets]) & ~(1 << 7 * octets))
    assert content[octets : octets + 2] == b"\xbf\x84"
    assert zlib.crc32(content[octets + 6 : end]) == int.from_bytes(content[octets + 2 : octets + 6], "little")


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "webm"])
def test_the_rotation_survives(tmp_path, extension, rotation):
    summary = write(tmp_path / f"a.{extension}", frames(2, rotation=rotation))
    with av.open(str(tmp_path / f"a.{extension}")) as container:
        assert next(container.decode(video=0)).rotation % 360 == rotation
    assert summary.warnings == ()


def test_a_container_without_rotation_says_so(tmp_path):
    summary = write(tmp_path / "a.avi", frames(2, rotation=90))
    assert any("90 degrees" in line for line in summary.warnings)


@pytest.mark.parametrize("bottom_first", [False, True])
@pytest.mark.parametrize("encoder", ["h264", "prores", "ffv1"])
def test_interlaced_frames_stay_interlaced(tmp_path, encoder, bottom_first):
    class Origin:
        path, passthrough, attachments, metadata, chapters, stream_metadata = tmp_path / "no", (), (), {}, (), {}
        bottom_field_first = bottom_first

    write(tmp_path / "a.mkv", frames(3, "yuv422p10le", interlaced=True), encoder, source=Origin())
    with av.open(str(tmp_path / "a.mkv")) as container:
        stream = container.streams.video[0]
        decoded = list(container.decode(stream))
        assert all(item.interlaced_frame for item in decoded)
        assert stream.codec_context.field_order in ((3, 5) if bottom_first else (2, 4))
        # A filter that splits frames starts with the field that the frame's own flag names.
        graph = av.filter.Graph()
        graph.link_nodes(
            graph.add_buffer(template=stream), graph.add("separatefields"), graph.add("buffersink")
        ).configure()
        graph.push(decoded[1])
        field, whole = (np.frombuffer(x.planes[0], np.uint16) for x in (graph.pull(), decoded[1]))
        field, whole = field.reshape(24, -1)[:, :64], whole.reshape(48, -1)[:, :64]
        assert np.array_equal(field, whole[1::2] if bottom_first else whole[::2])


def _hdr():
    chroma = [(34000, 50000), (16000, 50000), (13250, 50000), (34500, 50000), (7500, 50000), (3000, 50000)]
    numbers = [*chroma, (15635, 50000), (16450, 50000), (50, 10000), (10000000, 10000)]
    mastering = struct.pack("=22i", *[n for pair in numbers for n in pair], 1, 1)
    return (("MASTERING_DISPLAY_METADATA", mastering), ("CONTENT_LIGHT_LEVEL", struct.pack("=2I", 1000, 400)))


@pytest.mark.parametrize(("extension", "encoder"), [("mp4", "hevc"), ("mkv", "hevc"), ("mkv", "h264"), ("mkv", "av1")])
def test_hdr_metadata_of_the_first_frame_is_carried(tmp_path, extension, encoder):
    given = FAST.get(choose(f"a.{extension}", encoder).encoder.name, {})
    side_data = _hdr()
    write(tmp_path / f"a.{extension}", frames(2, "yuv420p10le", colour=BT2020, side_data=side_data), encoder, **given)
    got = dict(read(tmp_path / f"a.{extension}")[0].side_data)
    assert struct.unpack("=2I", got["CONTENT_LIGHT_LEVEL"]) == (1000, 400)
    raw = struct.unpack("=22i", got["MASTERING_DISPLAY_METADATA"])
    values = [Fraction(a, b) for a, b in zip(raw[:20:2], raw[1:20:2], strict=True)]
    wanted = struct.unpack("=22i", side_data[0][1])
    expected = [Fraction(a, b) for a, b in zip(wanted[:20:2], wanted[1:20:2], strict=True)]
    assert [float(v) for v in values] == pytest.approx([float(v) for v in expected], rel=2e-3)


def test_hdr_metadata_does_not_go_with_what_was_made_sdr(tmp_path):
    standard = Colour(Matrix.BT709, Primaries.BT709, Transfer.BT709)
    clip = frames(2, "yuv420p10le", colour=standard, side_data=_hdr())
    summary = write(tmp_path / "a.mkv", clip, "hevc", **FAST.get("libx265", {}))
    assert not any("MASTERING" in name for name, _ in read(tmp_path / "a.mkv")[0].side_data)
    assert not summary.warnings


def test_hdr_metadata_that_an_encoder_can_not_carry_is_named(tmp_path):
    summary = write(tmp_path / "a.mkv", frames(2, "yuv420p10le", side_data=_hdr()), "ffv1")
    assert any("HDR" in line for line in summary.warnings)


def test_a_file_is_the_same_to_the_bit_on_every_run_and_with_every_number_of_threads(tmp_path):
    for extension in ("mkv", "mp4"):
        contents = set()
        for threads in (1, 2, 2):
            write(tmp_path / f"a.{extension}", frames(12), "ffv1", threads=threads, overwrite=True)
            contents.add((tmp_path / f"a.{extension}").read_bytes())
        assert len(contents) == 1


def test_numbered_pictures(tmp_path):
    source = frames(3, "rgb48le")
    summary = write(tmp_path / "100% f%03d.png", source)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"100% f{n:03d}.png" for n in range(3)]
    assert summary.frames == 3
    assert summary.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    for n in range(3):
        assert same_samples(source[n], read(tmp_path / f"100% f{n:03d}.png")[0])


def test_one_picture(tmp_path):
    source = frame(0, "rgba")
    write(tmp_path / "a.png", [source])
    assert same_samples(source, read(tmp_path / "a.png")[0])
    with pytest.raises(OutputError, match="%04d"):
        write(tmp_path / "b.png", frames(2, "rgba"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_large_gif_chooses_its_palette_by_a_part_of_the_pixels(tmp_path):
    source = frames(1, "rgb24", width=641, height=427)
    write(tmp_path / "a.gif", source)
    (got,) = read(tmp_path / "a.gif")
    error = got.to_rgb().planes[0][..., :3].astype(float) - source[0].planes[0]
    assert got.planes[0].shape[:2] == (427, 641)
    assert abs(error).mean() < 12
    assert Palette(641, 427)._step == 4


def test_gif_has_a_palette_of_its_own_for_every_frame(tmp_path):
    source = [frame(n, "rgb24", pts=n * 3, time_base=Fraction(1, 60), duration=3) for n in range(5)]
    write(tmp_path / "a.gif", source)
    got = read(tmp_path / "a.gif")
    assert times(got) == [Fraction(n, 20) for n in range(5)]
    # Saturated frames of different hues: a palette shared by all would show.
    for a, b in zip(source, got, strict=True):
        assert np.abs(a.planes[0].astype(float) - b.to_rgb().planes[0][..., :3]).mean() < 20


def test_frames_too_close_for_the_container_are_counted(tmp_path):
    source = [frame(n, "rgb24", pts=n, time_base=Fraction(1, 400)) for n in range(12)]
    summary = write(tmp_path / "a.gif", source, rate=Fraction(400))
    assert len(read(tmp_path / "a.gif")) < 12
    assert any("left out" in line for line in summary.warnings)


def test_odd_sizes_are_encoded_with_a_note(tmp_path):
    summary = write(tmp_path / "a.mp4", frames(2, width=65, height=47))
    assert read(tmp_path / "a.mp4")[0].planes[0].shape == (47, 65)
    assert any("odd" in line for line in summary.warnings)


def test_a_change_of_size_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="32x48"):
        write(tmp_path / "a.mp4", [frame(0), frame(1, width=32)])
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_refuses_its_options_is_one_line(tmp_path):
    with pytest.raises(OutputError) as caught:
        write(tmp_path / "a.mkv", frames(2), "h264", options={"profile": "nonsense"})
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("h264", {"x264-params": "nonsense=1:bframes=2"}),
        ("h264", {"x264-params": "me=nonsense"}),
        ("hevc", {"x265-params": "nonsense=1"}),
        ("av1", {"svtav1-params": "nonsense=1"}),
    ],
)
def test_private_parameters_that_the_encoder_would_ignore_are_errors(tmp_path, encoder, options):
    with pytest.raises(ParameterError, match="nonsense"):
        write(tmp_path / "a.mkv", frames(2), encoder, options=options)
    assert list(tmp_path.iterdir()) == []


def test_a_loss_of_depth_alpha_or_colour_is_said(tmp_path):
    summary = write(tmp_path / "a.webm", frames(2, "yuva444p10le"), "av1", preset="13")
    assert any("resolution of colour" in line and "alpha" in line for line in summary.warnings)
    summary = write(tmp_path / "b.webm", frames(2, "yuv420p10le"), "vp9")
    assert any("10 to 8 bits" in line for line in summary.warnings)
    assert write(tmp_path / "c.mkv", frames(2, "yuv420p10le"), "ffv1").warnings == ()


def test_the_null_sink_counts():
    sink = open_sink("null", choose("null"), frame(0).spec, time_base=Fraction(1, 25))
    assert isinstance(sink, NullSink)
    with sink:
        for item in frames(3):
            sink.write(item)
        summary = sink.finish()
    assert (summary.frames, summary.bytes, summary.path) == (3, 3 * 64 * 48 * 3 // 2, "null")


def test_unsuitable_sizes_are_refused_before_a_file_is_made(tmp_path):
    with pytest.raises(FormatError):
        write(tmp_path / "a.mkv", frames(1, width=65, height=48), "av1")
    assert list(tmp_path.iterdir()) == []
