"""Lumaloom."""
