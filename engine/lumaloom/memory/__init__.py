"""Memory for frames: where it comes from, and the pools that reuse it."""

from lumaloom.memory.pool import BufferPool, PoolStats
from lumaloom.memory.sources import DEVICE, HOST, PINNED, Memory, default_limit, default_pool, memory_for

__all__ = [
    "DEVICE",
    "HOST",
    "PINNED",
    "BufferPool",
    "Memory",
    "PoolStats",
    "default_limit",
    "default_pool",
    "memory_for",
]
