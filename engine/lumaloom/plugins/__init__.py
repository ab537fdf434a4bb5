"""Plugins: found through entry points, checked against the contract, kept by name."""

from lumaloom.plugins.registry import PluginFailure, Registry, default_registry

__all__ = ["PluginFailure", "Registry", "default_registry"]
