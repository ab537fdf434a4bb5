"""Plugins: what is taken, what is left out and why, and that one never takes the others away."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest

from lumaloom.effect import Effect, Frame, Kind, Param, hookimpl
from lumaloom.errors import PluginError, UnknownEffectError, UsageError
from lumaloom.plugins import registry as registry_module
from lumaloom.plugins.registry import PluginFailure, Registry, check


def make(name: Any = "soften", doc: str | None = "Soften.", **body: Any) -> type[Effect]:
    def render(self: Effect, src: Frame, out: Frame) -> None: ...

    return type("Made", (Effect,), {"name": name, "kind": Kind.POINTWISE, "__doc__": doc, "render": render, **body})


def plugin(*effects: Any) -> Any:
    @hookimpl
    def lumaloom_effects() -> list[Any]:
        return list(effects)

    module = types.ModuleType("a_plugin")
    module.lumaloom_effects = lumaloom_effects  # type: ignore[attr-defined]
    return module


class Entry:
    """An installed entry point."""

    module = __name__

    def __init__(self, name: str, load: Callable[[], Any], distribution: str | None = None) -> None:
        self.name, self.load = name, load
        self.dist = distribution and types.SimpleNamespace(name=distribution)


def discovered(monkeypatch: pytest.MonkeyPatch, *entries: Entry) -> Registry:
    def entry_points(group: str) -> tuple[Entry, ...]:
        assert group == "lumaloom.effects"
        return entries

    monkeypatch.setattr(registry_module, "entry_points", entry_points)
    registry = Registry()
    registry.discover()
    return registry


def raising(error: BaseException) -> Callable[[], Any]:
    def load() -> Any:
        raise error

    return load


def raising_hook() -> Any:
    @hookimpl
    def lumaloom_effects() -> Any:
        yield make("early")
        raise RuntimeError("halfway")

    module = types.ModuleType("halfway")
    module.lumaloom_effects = lumaloom_effects  # type: ignore[attr-defined]
    return module


def returning(what: Any) -> Any:
    module = plugin()

    @hookimpl
    def lumaloom_effects() -> Any:
        return what

    module.lumaloom_effects = lumaloom_effects
    return module


def unknown_hook() -> Any:
    @hookimpl
    def lumaloom_efects() -> Any:
        return []

    module = types.ModuleType("typo")
    module.lumaloom_efects = lumaloom_efects  # type: ignore[attr-defined]
    return module


BROKEN = {
    "import": (raising(ImportError("no module named torch")), "ImportError: no module named torch"),
    "exit": (raising(SystemExit(3)), "SystemExit: 3"),
    "assertion": (raising(AssertionError()), "AssertionError"),
    "halfway": (raising_hook, "RuntimeError: halfway"),
    "no_list": (lambda: returning(5), "function lumaloom_effects has to return a list of effects, got 5"),
    "one_effect": (lambda: returning(make()), "has to return a list of effects, got <class"),
    "nothing": (lambda: returning(None), "has to return a list of effects, got None"),
    "default": (
        lambda: plugin(make(amount=Param(2, max=1), __annotations__={"amount": float})),
        ": parameter 'amount': ",
    ),
    "no_hook": (
        lambda: types.ModuleType("empty"),
        "has no function lumaloom_effects marked with lumaloom.effect.hookimpl",
    ),
    "unknown_hook": (unknown_hook, "unknown hook 'lumaloom_efects'"),
    "its_line": (raising_hook, f"{__file__}:{raising_hook.__code__.co_firstlineno + 4}: RuntimeError: halfway"),
    "not_an_effect": (lambda: plugin(int), "expected a subclass of lumaloom.effect.Effect, got <class 'int'>"),
    "an_instance": (lambda: plugin(make()()), "expected a subclass of lumaloom.effect.Effect, got soften"),
    "no_name": (lambda: plugin(make(None)), "name has to be lower case letters, digits and underscores"),
    "number_name": (lambda: plugin(make(5)), "name has to be"),
    "bad_name": (lambda: plugin(make("Soft-en")), "name has to be"),
    "no_docstring": (lambda: plugin(make(doc=None)), "a docstring is missing"),
    "no_kind": (lambda: plugin(make(kind="blur")), "kind has to be one of lumaloom.effect.Kind, got 'blur'"),
    "abstract": (lambda: plugin(make(render=Effect.render)), "Made: render() is not defined"),
    "old_api": (lambda: plugin(make(api=">=0.1,<1")), "needs lumaloom.effect >=0.1,<1, this is 1.0"),
    "new_api": (lambda: plugin(make(api=">=2")), "needs lumaloom.effect >=2, this is 1.0"),
    "bad_api": (lambda: plugin(make(api="one")), "api 'one' is no version range such as '>=1.0,<2'"),
    "odd_api": (lambda: plugin(make(api=5)), "api 5 is no version range"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_plugin_is_listed_and_the_others_stay(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load, reason = BROKEN[broken]
    registry = discovered(
        monkeypatch,
        Entry("first", lambda: plugin(make("first_effect"))),
        Entry(broken, load),
        Entry("last", lambda: plugin(make("last_effect"))),
    )
    assert {"first_effect", "last_effect"} <= set(registry.effects) <= {"first_effect", "early", "last_effect"}
    (failure,) = registry.failures
    assert failure.plugin == broken
    assert reason in failure.reason


@pytest.mark.parametrize("broken", ["not_an_effect", "number_name", "old_api", "no_docstring", "odd_api"])
def test_a_broken_effect_leaves_its_plugins_other_effects(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load, _ = BROKEN[broken]
    (bad,) = load().lumaloom_effects()
    registry = discovered(monkeypatch, Entry("mixed", lambda: plugin(make("before"), bad, make("after"))))
    assert list(registry.effects) == ["before", "after"]
    assert len(registry.failures) == 1


def test_an_interrupt_is_no_plugin_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        discovered(monkeypatch, Entry("slow", raising(KeyboardInterrupt())))


def test_a_name_belongs_to_who_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = make("soften")
    registry = discovered(
        monkeypatch, Entry("one", lambda: plugin(mine)), Entry("two", lambda: plugin(make("soften"), make("other")))
    )
    assert registry.effects["soften"] is mine
    assert registry.origins == {"soften": "one", "other": "two"}
    assert registry.failures == [
        PluginFailure("two", "effect 'soften' of two is already there from one; give it another name")
    ]


def test_nobody_takes_a_name_from_the_built_in_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = make("soften")
    registry = discovered(
        monkeypatch,
        Entry("a", lambda: plugin(make("soften")), "strange-effects"),
        Entry("builtin", lambda: plugin(mine), "lumaloom"),
    )
    assert registry.effects["soften"] is mine
    assert [failure.plugin for failure in registry.failures] == ["a (strange-effects)"]


def test_who_asks_for_an_effect_hears_of_plugins_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = discovered(monkeypatch, Entry("sharp", raising(ImportError("no torch"))))
    with pytest.raises(UnknownEffectError, match="unknown effect 'sharp'; of sharp something was left out, and `luma"):
        registry.create("sharp")


def test_effects_of_this_program() -> None:
    registry = Registry()
    registry.add(make())
    assert registry.origins == {"soften": "this program"}
    with pytest.raises(PluginError, match="already there from this program"):
        registry.add(make())
    with pytest.raises(PluginError, match="has no function lumaloom_effects"):
        registry.add_plugin(types.ModuleType("empty"), "mine")


def test_calls_become_effects() -> None:
    registry = Registry()
    registry.add(make(amount=Param(1.0), __annotations__={"amount": float}))
    effect = registry.create("soften amount=0.5")
    assert effect.values == {"amount": 0.5}
    assert registry.create(effect) is effect
    assert registry.create("soften amount=0.5", {"amount": 2}).values == {"amount": 2.0}
    assert [repr(made) for made in registry.create_all(["soften", effect])] == ["soften amount=1", "soften amount=0.5"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("softn", "unknown effect 'softn'; did you mean 'soften'?"),
        ("xyz", "unknown effect 'xyz'; `lumaloom effects` lists them"),
    ],
)
def test_unknown_effects_are_named_with_the_nearest(call: str, message: str) -> None:
    registry = Registry()
    registry.add(make())
    with pytest.raises(UnknownEffectError) as caught:
        registry.create(call)
    assert str(caught.value) == message


def test_what_is_no_call_is_refused() -> None:
    registry = Registry()
    with pytest.raises(UsageError, match="expected an effect or text such as 'blur sigma=5', got None"):
        registry.create(None)  # type: ignore[arg-type]  # must not wait for standard input
    with pytest.raises(UsageError, match="expected a list of effects, got the text 'soften'"):
        registry.create_all("soften")


def test_the_built_in_effects_come_through_the_entry_point() -> None:
    registry = Registry()
    registry.discover()
    assert registry.failures == []
    assert {"blur", "boxblur", "brightness", "crop", "flip", "resize"} <= set(registry.effects)
    for name, effect in registry.effects.items():
        check(effect)
        assert effect.name == name
        assert effect.schema()["description"].endswith(".")
        assert all(spec.help.endswith(".") for spec in effect.params.values())
        assert (effect.__module__.rsplit(".", 1)[-1] == name) is (registry.origins[name] == "builtin (lumaloom)")
