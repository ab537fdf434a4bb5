"""Caches: values in memory bounded in bytes, and bytes on disk that every process of a user shares."""

from lumaloom.cache.disk import DiskCache, DiskStats, Verification
from lumaloom.cache.memory import MemoryCache, MemoryStats
from lumaloom.cache.place import default_disk_cache, default_folder, default_limit, opened
from lumaloom.cache.stamp import file_key

__all__ = [
    "DiskCache",
    "DiskStats",
    "MemoryCache",
    "MemoryStats",
    "Verification",
    "default_disk_cache",
    "default_folder",
    "default_limit",
    "file_key",
    "opened",
]
