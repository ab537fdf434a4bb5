"""Settings: what holds for every job of a user or a machine, from four places that override one another."""

from lumaloom.services.settings.loading import Resolved, config_path, load
from lumaloom.services.settings.model import Settings

__all__ = ["Resolved", "Settings", "config_path", "load"]
