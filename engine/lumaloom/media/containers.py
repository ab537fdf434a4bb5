"""The containers that can be written: what each holds, and what it makes of what it can't hold.

A new container is one row of `_ROWS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_PCM = frozenset({"pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_f64le"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A file format.

    Attributes:
        name: short name, the first extension.
        extensions: without the dot; the first is the common one.
        muxer: FFmpeg's name; empty for pictures, which are files of their own.
        encoder: FFmpeg's name of the encoder that is used unless another is asked for.
        video: codecs of video that it holds.
        audio: codecs of audio that are copied into it.
        audio_encoder: FFmpeg's name of the encoder for other audio; empty where no audio fits.
        subtitles: codecs of subtitles that are copied into it.
        text_encoder: FFmpeg's name of the encoder for other text subtitles; empty where none fits.
        attachments: whether it holds attached files, such as fonts.
        chapters: whether it holds chapters.
        metadata: whether it holds tags such as a title.
        rotation: whether it tells players to turn the picture.
        tick: the time base where the format has a fixed one coarser than a clip's; 0 stands for one frame.
        options: FFmpeg's options for the muxer.

    """

    extensions: tuple[str, ...]
    muxer: str
    encoder: str
    video: frozenset[str]
    audio: frozenset[str] = frozenset()
    audio_encoder: str = ""
    subtitles: frozenset[str] = frozenset()
    text_encoder: str = ""
    attachments: bool = False
    chapters: bool = False
    metadata: bool = True
    rotation: bool = False
    tick: Fraction | None = None
    options: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The common extension."""
        return self.extensions[0]

    @property
    def is_pictures(self) -> bool:
        """Whether every frame is a file of its own."""
        return not self.muxer


# Vorbis and uncompressed audio could be put into MP4, but hardly a player would play them there.
_MP4_AUDIO = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "dts", "truehd", "alac", "flac", "opus"})
_MKV_AUDIO = _PCM | _MP4_AUDIO | {"vorbis", "wavpack", "mlp", "mp1"}

_ROWS = (
    Container(
        extensions=("mp4", "m4v"),
        muxer="mp4",
        encoder="libx264",
        video=frozenset({"h264", "hevc", "vp9", "av1", "ffv1", "mjpeg", "png"}),
        audio=_MP4_AUDIO,
        audio_encoder="aac",
        subtitles=frozenset({"mov_text"}),
        text_encoder="mov_text",
        chapters=True,
        rotation=True,
    ),
    Container(
        extensions=("mov",),
        muxer="mov",
        encoder="libx264",
        video=frozenset({"h264", "hevc", "prores", "mjpeg", "png"}),
        audio=_PCM | {"aac", "mp3", "mp2", "ac3", "eac3", "alac"},
        audio_encoder="aac",
        subtitles=frozenset({"mov_text"}),
        text_encoder="mov_text",
        chapters=True,
        rotation=True,
    ),
    Container(
        extensions=("mkv",),
        muxer="matroska",
        encoder="libx264",
        video=frozenset({"h264", "hevc", "vp8", "vp9", "av1", "ffv1", "prores", "mjpeg"}),
        audio=_MKV_AUDIO,
        audio_encoder="libopus",
        subtitles=frozenset({"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}),
        text_encoder="subrip",
        attachments=True,
        chapters=True,
        rotation=True,
    ),
    Container(
        extensions=("webm",),
        muxer="webm",
        encoder="libvpx-vp9",
        video=frozenset({"vp8", "vp9", "av1"}),
        audio=frozenset({"opus", "vorbis"}),
        audio_encoder="libopus",
        subtitles=frozenset({"webvtt"}),
        text_encoder="webvtt",
        chapters=True,
        rotation=True,
    ),
    Container(
        extensions=("avi",),
        muxer="avi",
        encoder="libx264",
        video=frozenset({"h264", "ffv1", "mjpeg", "png"}),
        audio=_PCM | {"mp3", "mp2", "ac3"},
        audio_encoder="libmp3lame",
        tick=Fraction(0),
    ),
    Container(
        extensions=("ts", "m2ts", "mts"),
        muxer="mpegts",
        encoder="libx264",
        video=frozenset({"h264", "hevc"}),
        audio=frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "dts", "opus"}),
        audio_encoder="aac",
        subtitles=frozenset({"dvb_subtitle"}),
        metadata=False,
        options=(("mpegts_copyts", "1"),),
    ),
    Container(
        extensions=("nut",),
        muxer="nut",
        encoder="ffv1",
        video=frozenset({"h264", "hevc", "vp8", "vp9", "av1", "ffv1", "mjpeg", "png", "rawvideo"}),
        audio=_PCM | {"aac", "mp3", "mp2", "ac3", "eac3", "dts", "opus", "vorbis", "flac"},
        audio_encoder="flac",
        subtitles=frozenset({"ass"}),
        chapters=True,
    ),
    Container(
        extensions=("gif",),
        muxer="gif",
        encoder="gif",
        video=frozenset({"gif"}),
        metadata=False,
        tick=Fraction(1, 100),
    ),
    Container(extensions=("apng",), muxer="apng", encoder="apng", video=frozenset({"apng"}), metadata=False),
    Container(extensions=("png",), muxer="", encoder="png", video=frozenset({"png"}), metadata=False),
    Container(extensions=("jpg", "jpeg"), muxer="", encoder="mjpeg", video=frozenset({"mjpeg"}), metadata=False),
    Container(extensions=("tif", "tiff"), muxer="", encoder="tiff", video=frozenset({"tiff"}), metadata=False),
    Container(extensions=("exr",), muxer="", encoder="exr", video=frozenset({"exr"}), metadata=False),
    Container(extensions=("dpx",), muxer="", encoder="dpx", video=frozenset({"dpx"}), metadata=False),
    Container(extensions=("webp",), muxer="", encoder="libwebp", video=frozenset({"webp"}), metadata=False),
    Container(extensions=("bmp",), muxer="", encoder="bmp", video=frozenset({"bmp"}), metadata=False),
    Container(extensions=("tga",), muxer="", encoder="targa", video=frozenset({"targa"}), metadata=False),
)

# Frames are counted and thrown away.
NULL = Container(extensions=("null",), muxer="", encoder="", video=frozenset(), metadata=False)

CONTAINERS: dict[str, Container] = {extension: row for row in _ROWS for extension in row.extensions}
