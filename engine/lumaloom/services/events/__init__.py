"""Events: what happened, for whoever wants to know.

```python
with EventBus() as bus:
    bus.subscribe(RenderFinished, lambda event: print(event.result["fps"]))
    lumaloom.render("in.mp4", "out.mp4", events=bus)
```
"""

from lumaloom.services.events.bus import EventBus
from lumaloom.services.events.event import Event, HandlerFailed
from lumaloom.services.events.jsonl import JsonlSink
from lumaloom.services.events.mailbox import Queue
from lumaloom.services.events.recorder import Recorder
from lumaloom.services.events.subscription import Subscription

__all__ = ["Event", "EventBus", "HandlerFailed", "JsonlSink", "Queue", "Recorder", "Subscription"]
