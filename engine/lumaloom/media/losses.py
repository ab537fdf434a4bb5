"""What a source could not deliver."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lumaloom.errors import counted


@dataclass(slots=True)
class Losses:
    """Counts of what was damaged, left out or repaired while a source was read.

    What a decoder can't tell is not counted. Of flipped bits inside a picture FFmpeg's tell all with checksums (FFV1,
    PNG, HEVC whose encoder wrote `hash=1`), nearly all of H.264 and AV1, two of three of MPEG-2 and MPEG-4, and hardly
    one of ten of VP8, VP9 and other HEVC: their arithmetic codes read noise as pictures. Uncompressed samples tell
    nothing, and compressed chunks of OpenEXR become black.

    Attributes:
        frames_readable: frames that were delivered.
        frames_declared: frames that the container declares for the whole file, None where it does not.
        decode_errors: packets that the decoder or the demuxer refused.
        corrupt_packets: packets that the demuxer marked as damaged.
        corrupt_frames: frames that were delivered although the decoder marked them as damaged.
        changed_frames: frames left out because their size or pixel format differs from the first one's.
        timestamps_repaired: timestamps that were missing or did not increase.
        truncated: whether the file ends before the end that it declares.

    """

    frames_readable: int = 0
    frames_declared: int | None = None
    decode_errors: int = 0
    corrupt_packets: int = 0
    corrupt_frames: int = 0
    changed_frames: int = 0
    timestamps_repaired: int = 0
    truncated: bool = False

    @property
    def any(self) -> bool:
        """Whether picture content was lost; repaired timestamps alone are no loss."""
        return self.truncated or bool(
            self.decode_errors or self.corrupt_packets or self.corrupt_frames or self.changed_frames
        )

    def readable(self) -> str:
        """Return the readable frames in words with their verb: `21 of 30 frames are`, `1 frame is`."""
        total, count = self.frames_declared, self.frames_readable
        if total is not None and total >= count:
            return f"{count} of {counted(total, 'frames')} {'is' if count == 1 else 'are'}"
        return f"{counted(count, 'frames')} {'is' if count == 1 else 'are'}"

    def as_dict(self) -> dict[str, int | bool | None]:
        """Return the counts as a JSON-ready dictionary."""
        return asdict(self)
