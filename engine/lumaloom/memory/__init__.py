"""Memory for frames: where it comes from, and the pools that reuse it."""

from lumaloom.memory.pool import BufferPool, PoolStats, default_pool
from lumaloom.memory.sources import DEVICE, HOST, PINNED, Memory, default_limit

__all__ = ["DEVICE", "HOST", "PINNED", "BufferPool", "Memory", "PoolStats", "default_limit", "default_pool"]
