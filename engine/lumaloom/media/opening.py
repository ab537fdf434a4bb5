"""Opening a local media file: nothing else may be reached through its name or its contents."""

from __future__ import annotations

import os
import re
import stat
from functools import cache
from typing import cast

import av
from av.container import Container, InputContainer
from av.error import FFmpegError
from av.format import ContainerFormat
from av.stream import Disposition
from av.video.stream import VideoStream

from lumaloom.errors import InputError
from lumaloom.media.sequence import Sequence, found
from lumaloom.media.sequenced import SequenceContainer

# Demuxers that read other files or the network by name, that capture devices, or that take any text for a picture.
_REFUSED = frozenset(
    (
        *("concat", "dash", "hls", "imf", "ivr", "mlv", "rtp", "rtsp", "sap", "sdp", "vobsub", "webm_dash_manifest"),
        *("adf", "bin", "data", "ffmetadata", "idf", "tty", "xbin"),
        *("alsa", "fbdev", "jack", "kmsgrab", "lavfi", "oss", "pulse", "video4linux2,v4l2", "x11grab", "xcbgrab"),
    )
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<MPD", b"<?xml", b"v=0")
# Largest picture that is decoded, in pixels: 16384 x 16384. Above it a few bytes could claim all memory.
MAX_PIXELS = 2**28
# Files of a sequence that are tried for what all of them are.
_TRIED = 8
# FFmpeg's AVFMT_NOTIMESTAMPS, a flag of demuxers.
_NO_TIMESTAMPS = 0x0080
# FFmpeg's AVFMT_FLAG_GENPTS, which PyAV sets.
_GENERATE_PTS = 0x0001


def open_input(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> InputContainer:
    """Open a regular local file with FFmpeg's demuxers; or a sequence of pictures, which behaves like a container.

    Only the `file` protocol is allowed and playlists, devices and text are refused, so neither a name such as
    `concat:a|b` nor a file's contents reach anything else.

    Raises:
        InputError: missing, unreadable, empty, not a regular file, a playlist, or in no known format.

    """
    path = found(path)
    if isinstance(path, Sequence):
        return cast(InputContainer, SequenceContainer(path, _head(path, max_pixels)))
    name = _checked(path)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": _allowed_formats(),
        "max_pixels": str(max_pixels),
    }
    try:
        container = av.open(f"file:{name}", "r", options=options, metadata_errors="replace")
    except (FFmpegError, OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{path}: {_why_not_opened(name, error)}") from None
    if shown_in_decoding_time(container):
        container.flags &= ~_GENERATE_PTS
    return container


def _head(sequence: Sequence, max_pixels: int) -> InputContainer:
    """Open the first file of a sequence that can be opened; that of a damaged one shows when it is decoded."""
    first: InputError | None = None
    for name in sequence.present[:_TRIED]:
        try:
            return open_input(name, max_pixels=max_pixels)
        except InputError as error:
            first = first or error
    assert first is not None
    raise first


def shown_in_decoding_time(container: Container) -> bool:
    """Whether the format stores no presentation times: frames are shown one after the other, in equal steps.

    FFmpeg's guesses for such files are wrong where pictures are reordered.
    """
    return container.format.name == "avi"


def has_timestamps(container: Container) -> bool:
    """Whether the format stores times at all; raw streams don't."""
    return not container.format.flags & _NO_TIMESTAMPS


def reason(error: BaseException) -> str:
    """Return FFmpeg's own words for an error, without file names and codes."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _checked(path: str | os.PathLike[str]) -> str:
    """Return the absolute path of a readable, non-empty regular file."""
    try:
        name = os.path.abspath(path)
        found = os.stat(name)
        if stat.S_ISDIR(found.st_mode):
            raise InputError(f"{path}: is a directory; expected a media file")
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path}: is not a regular file; expected a media file")
        with open(name, "rb"):
            pass
    except FileNotFoundError:
        raise InputError(f"{path}: {_why_not_there(os.fspath(path))}") from None
    except PermissionError:
        raise InputError(f"{path}: permission denied") from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: {reason(error)}") from None
    if found.st_size == 0:
        raise InputError(f"{path}: is empty; expected a media file")
    return name


def _why_not_there(name: str | bytes) -> str:
    """Say what a name may mean that is no file's."""
    text = os.fsdecode(name)
    if _ADDRESS.match(text):
        return "is an address; only files are read: download it first"
    return "no such file"


def _why_not_opened(name: str, error: BaseException) -> str:
    """Say in one line why FFmpeg could not open a file that exists."""
    try:
        with open(name, "rb") as file:
            head = file.read(4096)
    except OSError:
        head = b""
    if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(_PLAYLISTS):
        return "is a playlist or a description of other files; name the media files themselves"
    if head and b"\0" not in head and _is_text(head):
        return "is a text file; expected a media file"
    return f"is not a readable media file ({reason(error)}); it may be damaged, cut off, or of an unknown format"


def _is_text(head: bytes) -> bool:
    """Whether the first bytes of a file read as text."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode()
    return all(character.isprintable() or character.isspace() for character in text)


@cache
def _allowed_formats() -> str:
    """Return FFmpeg's list of all demuxers that read one local file."""
    names = []
    for name in av.formats_available - _REFUSED:
        try:
            if ContainerFormat(name, "r").is_input:
                names.append(name)
        except ValueError:
            continue
    return ",".join(sorted(names))


def pick_stream(container: InputContainer, path: str | os.PathLike[str], number: int) -> VideoStream:
    """Return video stream `number`, counted from 0 without cover pictures.

    Raises:
        InputError: there is no such stream.

    """
    found = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not found:
        kinds = sorted({stream.type for stream in container.streams})
        raise InputError(f"{path}: has no video stream; it holds {', '.join(kinds) or 'no streams'}")
    if not 0 <= number < len(found):
        raise InputError(f"{path}: has no video stream {number}; it has {len(found)}, counted from 0")
    return found[number]
