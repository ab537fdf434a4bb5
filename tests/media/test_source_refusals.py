"""What is no media file, or reaches past the one that was named, is refused with one clear line."""

from __future__ import annotations

import http.server
import os
import socket
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from lumaloom.errors import InputError
from lumaloom.media import opening
from lumaloom.media.probe import probe
from lumaloom.media.reader import Reader
from lumaloom.media.source import Source, SourceOptions
from tests.media.clips import make
from tests.media.conftest import Clip

WAYS: dict[str, Callable[[Path], object]] = {"source": Source, "probe": probe, "reader": Reader}


@pytest.fixture(params=sorted(WAYS))
def way(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    return WAYS[request.param]


def refused(way: Callable[[Path], object], path: Path | str, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        way(Path(path) if isinstance(path, Path) else path)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert caught.value.exit_code == 3


def test_a_missing_file(way: Callable[[Path], object], tmp_path: Path) -> None:
    refused(way, tmp_path / "none.mp4", "no such file$")


def test_a_directory(way: Callable[[Path], object], tmp_path: Path) -> None:
    refused(way, tmp_path, "is a directory; expected a media file$")


def test_an_empty_file(way: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    refused(way, tmp_path / "empty.mp4", "is empty")


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes"])
def test_a_text_file(way: Callable[[Path], object], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Dear diary, today I rendered nothing. Größe: 3\n" * 40)
    refused(way, tmp_path / name, "is a text file; expected a media file$")


def test_a_named_pipe_is_not_waited_for(way: Callable[[Path], object], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    refused(way, tmp_path / "pipe.mp4", "is not a regular file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(way: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "locked.mp4").write_bytes(b"x")
    (tmp_path / "locked.mp4").chmod(0)
    refused(way, tmp_path / "locked.mp4", "permission denied")


def test_permission_errors_are_input_errors(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    refused(probe, clip("h264.mp4"), "permission denied")


@pytest.mark.parametrize("text", ["a\0b.mp4", "x" * 5000])
def test_a_name_that_no_file_can_have(way: Callable[[Path], object], text: str) -> None:
    with pytest.raises(InputError):
        way(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "http://127.0.0.1:1/x.mp4",
        "concat:a.ts|b.ts",
        "subfile,,start,0,end,9,,:a.mp4",
        "data:video/mp4;base64,AAAA",
        "movie=a.mp4",
        "pipe:0",
        "-",
        "frame%03d.png",
    ],
)
def test_names_that_ffmpeg_would_follow(way: Callable[[Path], object], name: str) -> None:
    refused(way, name, "no such file|is an address")


def test_a_file_whose_name_looks_like_a_protocol_is_just_a_file(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "concat:a|b.mp4"
    path.write_bytes(clip("h264.mp4").read_bytes())
    with Source(path) as source:
        assert source.spec.width == 96


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile '{url}'\n"),
        ("list.mpd", '<?xml version="1.0"?>\n<MPD><BaseURL>{url}</BaseURL></MPD>\n'),
        ("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n"),
    ],
)
def test_playlists_reach_neither_files_nor_the_network(
    way: Callable[[Path], object], clip: Clip, tmp_path: Path, name: str, text: str
) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for url in (clip("h264.ts").as_uri(), str(clip("h264.ts")), f"http://127.0.0.1:{server.server_port}/x.ts"):
            (tmp_path / name).write_text(text.format(url=url))
            refused(way, tmp_path / name, "playlist or a description of other files")
        server.shutdown()
        thread.join()
    assert asked == []


def test_files_alone_are_opened_even_by_a_demuxer_that_follows_names(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_allowed_formats", lambda: "hls,concat,mpegts")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts"
        (tmp_path / "l.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n")
        with pytest.raises(InputError):
            Source(tmp_path / "l.m3u8")
        with pytest.raises(TimeoutError):
            server.accept()


def bomb(path: Path, side: int) -> Path:
    """A gray PNG of `side` x `side`, all black: a thousandth of its size on the disk."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(b"\0" * (side + 1) * 100) for _ in range(side // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return path


def test_a_decompression_bomb_costs_no_memory(tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.png", 16_000)
    code = (
        "import sys\n"
        "from lumaloom.errors import InputError\n"
        "from lumaloom.media.source import Source, SourceOptions\n"
        "def peak(): return int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])\n"
        "before = peak()\n"
        "try:\n"
        "    with Source(sys.argv[1], SourceOptions(max_pixels=10**8)) as source: source.spec\n"
        "except InputError as error:\n"
        "    print(peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60_000, "kilobytes"


def test_the_largest_picture_can_be_set(clip: Clip) -> None:
    with Source(clip("h264.mp4"), SourceOptions(max_pixels=96 * 64 * 4)) as source:
        assert source.spec.width == 96
    with pytest.raises(InputError), Source(clip("h264.mp4"), SourceOptions(max_pixels=1000)) as source:
        list(source.items())


def test_open_files_are_closed_after_errors(clip: Clip, tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    broken = tmp_path / "b.mkv"
    broken.write_bytes(clip("h264.mkv").read_bytes()[:9000])
    before = descriptors()
    for _ in range(5):
        for way in WAYS.values():
            with pytest.raises(InputError):
                way(tmp_path)
        with pytest.raises(InputError):
            Source(broken)
        with Source(clip("h264.mp4")) as source:
            next(source.items())
    assert descriptors() == before


def test_sockets_are_no_files(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        refused(probe, tmp_path / "s", "is not a regular file")


def test_only_the_first_frame_is_decoded_for_the_spec(tmp_path: Path) -> None:
    with Source(make(tmp_path / "c.mkv", "ffv1", 40)) as source:
        assert source.spec.height == 64
        assert source.losses.frames_readable < 20
