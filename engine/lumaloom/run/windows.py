"""Frames with those around them, for effects that look at more than one."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable

from lumaloom.frame import Frame
from lumaloom.run.deferred import Deferred
from lumaloom.run.items import Item, Window, is_packet, size_of


def windows(items: Iterable[Item], before: int, after: int, limit: int) -> Generator[Window | Item, None, None]:
    """Yield a window for every frame, and the packets in their places among them.

    At most `before + 1 + after` frames are held. An error of `items` comes out after the windows of all frames
    before it, the last of which is repeated. Closing the generator closes `items`.

    Args:
        items: frames and packets.
        before: frames of the window before its centre.
        after: frames after it.
        limit: bytes of packets that may wait for the frames before them; what is above goes ahead.

    """
    past: deque[Frame] = deque(maxlen=before)
    waiting: deque[Item] = deque()  # frames whose windows are not complete, and the packets behind them
    coming: deque[Frame] = deque()  # the frames of it
    packets = 0

    def oldest() -> Window | Item:
        nonlocal packets
        head = waiting.popleft()
        if not isinstance(head, Frame):
            packets -= size_of(head)
            return head
        centre, first, last = coming.popleft(), past[0] if past else head, coming[-1] if coming else head
        ahead = [coming[i] if i < len(coming) else last for i in range(after)]
        window = Window((*[first] * (before - len(past)), *past, centre, *ahead), centre)
        past.append(centre)
        return window

    with Deferred(items) as source:
        try:
            for item in source:
                waiting.append(item)
                if is_packet(item):
                    packets += size_of(item)
                    while packets > limit and (place := next((n for n, i in enumerate(waiting) if is_packet(i)), None)):
                        waiting.rotate(-place)
                        early = waiting.popleft()
                        waiting.rotate(place)
                        packets -= size_of(early)
                        yield early
                else:
                    coming.append(item)  # type: ignore[arg-type]
                del item
                while waiting and (len(coming) > after or is_packet(waiting[0])):
                    yield oldest()
            while waiting:
                yield oldest()
            source.finish()
        finally:
            past.clear()
            waiting.clear()
            coming.clear()
