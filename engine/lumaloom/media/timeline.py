"""Timestamps: kept where they make sense, repaired where they don't."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from lumaloom.frame import Timing

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

# Used where a stream says nothing about its rate.
DEFAULT_RATE = Fraction(25)
# A step back by more than this starts a new recording, such as the second of two joined transport streams; a smaller
# one is a glitch of single timestamps.
_JUMP_SECONDS = Fraction(1, 10)


class Timeline:
    """Gives every frame of a stream, in presentation order, a pts greater than the one before.

    A pts that is already greater stays exactly as it is. A missing one follows the previous frame by its duration;
    one that does not increase becomes the smallest that does.

    Attributes:
        repaired: timestamps that were missing or did not increase.

    """

    def __init__(self, time_base: Fraction, rate: Fraction | None) -> None:
        self.time_base = time_base
        self.repaired = 0
        self._nominal = max(1, round(1 / ((rate or DEFAULT_RATE) * time_base)))
        self._last: int | None = None
        self._duration = self._nominal

    def place(self, pts: int | None, duration: int | None) -> Timing:
        """Return the timing of the next frame; `pts` and `duration` are in units of the time base, None if unknown."""
        if pts is None:
            self.repaired += 1
            pts = 0 if self._last is None else self._last + self._duration
        elif self._last is not None and pts <= self._last:
            self.repaired += 1
            pts = self._last + 1
        self._last = pts
        self._duration = duration if duration and duration > 0 else self._nominal
        return Timing(pts, self.time_base, self._duration)


class Continuity:
    """Shifts the packets of a file so that the clock of none of its streams jumps back.

    Where the clock starts anew, as in joined transport streams, every stream passes into the new epoch at its own
    packet; the video stream sets the shift that all of them share, so that they stay in step. Packets of files whose
    clock runs on stay exactly as they are.

    Attributes:
        video: index of the stream that sets the shift.
        shifted: video packets whose timestamps were changed.

    """

    def __init__(self, video: int) -> None:
        self.video = video
        self.shifted = 0
        self._shifts = [Fraction(0)]
        self._settled = [True]
        self._epoch: dict[int, int] = {}
        self._expected: dict[int, Fraction] = {}
        self._last_dts: dict[int, int] = {}

    @property
    def broken(self) -> bool:
        """Whether the clock jumped, so that a time may stand for two places in the file."""
        return len(self._shifts) > 1

    def mend(self, packet: Packet[Stream]) -> None:
        """Shift a packet in place. Call it for every packet in file order."""
        stream, dts = packet.stream.index, packet.dts
        if dts is None:
            return
        base = packet.time_base
        expected = self._expected.get(stream)
        raw = dts * base
        epoch = self._epoch.get(stream, 0)
        if expected is not None and raw + self._shifts[epoch] < expected - _JUMP_SECONDS:
            epoch = self._enter(stream, epoch + 1, expected - raw)
        shift = round(self._shifts[epoch] / base)
        if shift:
            packet.dts = dts + shift
            if packet.pts is not None:
                packet.pts += shift
            self._keep_increasing(packet, stream)
            self.shifted += stream == self.video
        self._last_dts[stream] = dts + shift
        ends = (dts + shift + (packet.duration or 0)) * base
        self._expected[stream] = ends if expected is None else max(expected, ends)

    def _enter(self, stream: int, epoch: int, shift: Fraction) -> int:
        """Move a stream on by one epoch, opening it with `shift` where it is the first."""
        if epoch == len(self._shifts):
            self._shifts.append(shift)
            self._settled.append(stream == self.video)
        elif stream == self.video and not self._settled[epoch]:
            self._shifts[epoch] = shift
            self._settled[epoch] = True
        self._epoch[stream] = epoch
        return epoch

    def _keep_increasing(self, packet: Packet[Stream], stream: int) -> None:
        """Undo the small overlap that streams of different length leave where recordings meet."""
        last = self._last_dts.get(stream)
        if stream == self.video or last is None or packet.dts is None or packet.dts > last:
            return
        packet.dts = last + 1
        if packet.pts is not None:
            packet.pts = max(packet.pts, packet.dts)
