"""Memory for frames: where it comes from, and the pools that reuse it."""

from lumaloom.memory.pool import BufferPool, PoolStats, default_pool
from lumaloom.memory.sources import DEVICE, HOST, PINNED, Memory, available_memory, default_limit

__all__ = [
    "DEVICE",
    "HOST",
    "PINNED",
    "BufferPool",
    "Memory",
    "PoolStats",
    "available_memory",
    "default_limit",
    "default_pool",
]
