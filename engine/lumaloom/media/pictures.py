"""Frames as pictures: numbered files where the name has a place for the number, else one file."""

from __future__ import annotations

import os
import re
import secrets
import weakref
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from av.buffer import Buffer

from lumaloom.errors import OutputError, UsageError
from lumaloom.frame import Frame, FrameSpec, Timing
from lumaloom.frame.convert import full_range
from lumaloom.media.atomic import (
    TOKEN,
    AtomicFile,
    Staged,
    check_folder,
    check_target,
    exists_error,
    place,
    remove,
    sync,
    write_error,
)
from lumaloom.media.choice import PATTERN, EncoderChoice, best_format, numbered
from lumaloom.media.claim import claim, sweep
from lumaloom.media.passthrough import codec_name
from lumaloom.media.sequence import AnyPath, files_of
from lumaloom.media.sink import KEPT, BaseSink, Origin, SinkSummary, StreamReport
from lumaloom.media.video_encoder import VideoEncoder

if TYPE_CHECKING:
    from lumaloom.media.source import Item

# Pictures have no timestamps: frames are only told apart.
_TICK = Fraction(1, 25)


class PictureSink(BaseSink):
    """Writes frame `n` as the file `target % n`; other streams and timestamps have no place there.

    Frames are counted from 0, or as in the sequence that they come from.
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        choice: EncoderChoice,
        spec: FrameSpec,
        *,
        source: Origin | None = None,
        overwrite: bool = False,
        threads: int | None = None,
        keep: frozenset[str] = KEPT,
    ) -> None:
        best_format(spec.format, choice, spec.width, spec.height)
        self._target, self._choice = os.fspath(target), choice
        self._source, self._keep, self._threads = source, keep, threads
        self._numbered = PATTERN.search(Path(target).name) is not None
        self._staged: Staged
        if self._numbered:
            self._staged = AtomicFolder(target, overwrite=overwrite, source=source.path if source else None)
        else:
            check_target(target, overwrite=overwrite, source=source.path if source else None)
            self._staged = AtomicFile(target, overwrite=overwrite)
        self._video: VideoEncoder | None = None
        self._frames = self._written = 0
        self._first = source.first_number if source else 0
        self._over = False

    def write(self, item: Item) -> None:
        """Encode a frame; a packet is left out."""
        if not isinstance(item, Frame):
            return
        if self._frames and not self._numbered:
            raise more_frames_error(self._target)
        picture = full_range(item)  # viewers know no other
        if self._video is None:
            self._video = VideoEncoder(self._choice, picture, _TICK, None)
            self._video.configure(None, self._threads)
        timing = Timing(self._frames, _TICK, 1)
        self._store(self._video.encode(Frame(picture.spec, picture.planes, timing, picture.side_data)))
        self._frames += 1

    def finish(self) -> SinkSummary:
        """Put the pictures under their names."""
        if self._video is None:
            self.abort()
            raise OutputError(f"{self._target}: there was no video frame to write")
        try:
            self._store(self._video.flush())
            size = self._staged.commit()
        except BaseException:
            self.abort()
            raise
        self._over = True
        assert self._choice.encoder is not None
        return SinkSummary(
            self._frames,
            size,
            self._target,
            self._choice.encoder.name,
            self._video.format.name,
            self._reports(),
            tuple(self._video.warnings),
        )

    def abort(self) -> None:
        """Remove the pictures that were written."""
        if self._over:
            return
        self._over = True
        if self._video is not None:
            self._video.drain()
        self._staged.discard()

    def _store(self, packets: Sequence[Buffer]) -> None:
        try:
            for packet in packets:
                path = self._staged.path
                if self._numbered:
                    path = path / numbered(Path(self._target).name, self._first + self._written)
                path.write_bytes(bytes(packet))
                self._written += 1
        except OSError as error:
            raise write_error(self._target, error) from None

    def _reports(self) -> tuple[StreamReport, ...]:
        """Return every stream of the source as dropped."""
        return tuple(
            StreamReport(stream.index, stream.type, codec_name(stream), "dropped", "pictures hold no other streams")
            for stream in (self._source.passthrough if self._source else ())
            if stream.type in self._keep
        )


def more_frames_error(target: str | os.PathLike[str]) -> OutputError:
    """Return the error of a picture that several frames would have to share."""
    return OutputError(f"{target}: is one picture, but there are more frames; put %04d into the name to number them")


class AtomicFolder:
    """Numbered files, written into a hidden folder beside their place and moved by `commit`.

    Raises:
        UsageError: a file of that pattern exists and `overwrite` is off, or is one of `source`.
        OutputError: the folder is missing or can't be written.

    """

    def __init__(
        self, target: str | os.PathLike[str], *, overwrite: bool = False, source: AnyPath | None = None
    ) -> None:
        self._given, self._overwrite = os.fspath(target), overwrite
        self._folder = Path(os.path.realpath(Path(target).parent))
        check_folder(target, self._folder)
        there = self._matching(Path(target).name)
        if there and not overwrite:
            raise exists_error(Path(target).parent / there[0])
        inputs = set(map(os.path.realpath, files_of(source))) if there and source is not None else set()
        if own := next((name for name in there if os.path.realpath(self._folder / name) in inputs), None):
            raise UsageError(f"{target}: {own} is an input; write to another name")
        sweep(self._folder, re.compile(rf"\.{TOKEN}\.partial"))
        self.path = self._folder / f".{secrets.token_hex(4)}.partial"
        try:
            held = claim(self.path, folder=True)
        except OSError as error:
            raise write_error(target, error) from None
        self._finalizer = weakref.finalize(self, remove, self.path, os.getpid(), held)

    def commit(self) -> int:
        """Flush all files to the disk, move them to their names, and return their bytes.

        Raises:
            OutputError: one of them can't be moved; those that were are removed again.
            UsageError: one has come into being meanwhile and `overwrite` is off.

        """
        moved: list[Path] = []
        try:
            files = sorted(self.path.iterdir())
            size = sum(sync(file) for file in files)
            for file in files:
                target = self._folder / file.name
                if self._overwrite:
                    os.replace(file, target)
                else:
                    place(file, target)
                moved.append(target)
            sync(self._folder)
        except OSError as error:
            for path in moved:
                path.unlink(missing_ok=True)
            self.discard()
            if isinstance(error, FileExistsError):
                raise exists_error(self._given) from None
            raise write_error(self._given, error) from None
        self.discard()
        return size

    def discard(self) -> None:
        """Remove the hidden folder with what it holds."""
        self._finalizer()

    def _matching(self, name: str) -> list[str]:
        """Return the files there whose names the pattern could give."""
        match = PATTERN.search(name)
        assert match is not None
        pattern = re.compile(re.escape(name[: match.start()]) + r"\d+" + re.escape(name[match.end() :]))
        try:
            return sorted(entry for entry in os.listdir(self._folder) if pattern.fullmatch(entry))
        except OSError as error:
            raise write_error(self._given, error) from None
