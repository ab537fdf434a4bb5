"""How plugins hand their effects over: a pluggy hook behind the entry point group `lumaloom.effects`."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from lumaloom.effect.effect import Effect

API_VERSION = "1.0"
"""Version of this contract. Effects state what they were written for in `Effect.api`."""

GROUP = "lumaloom.effects"
"""Entry point group; each entry names a module or object with the hook below."""

hookspec = pluggy.HookspecMarker("lumaloom")
hookimpl = pluggy.HookimplMarker("lumaloom")


class Hooks:
    """The hooks a plugin may implement."""

    @hookspec
    def lumaloom_effects(self) -> Iterable[type[Effect]]:  # type: ignore[empty-body]
        """Return the effect classes of this plugin."""
