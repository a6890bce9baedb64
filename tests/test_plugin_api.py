"""The public plugin API is a promise: a change of it shows here, and wants a line in CHANGELOG.md, "Plugin API"."""

import dataclasses
import inspect
from pathlib import Path

from cfbench import plugin

GOLDEN = Path(__file__).with_name("plugin_api.txt")


def surface() -> str:
    """Return every public name of `cfbench.plugin` with its signature or fields, one a line."""
    lines = [f"API = {plugin.API}", f"NA = {plugin.NA!r}"]
    for name in sorted(plugin.__all__):
        value = getattr(plugin, name)
        if inspect.isclass(value) and dataclasses.is_dataclass(value):
            lines.append(f"{name}{inspect.signature(value)}")
        elif inspect.isclass(value) and getattr(value, "_is_protocol", False):
            members = [member for member in vars(value) if not member.startswith("_")]
            lines.append(f"{name}: {', '.join(sorted(members))}")
    lines += [f"hook {name}{inspect.signature(hook)}" for name, hook in vars(plugin.Hooks).items() if name[0] != "_"]
    return "\n".join(lines) + "\n"


def test_surface_is_as_promised() -> None:
    assert surface() == GOLDEN.read_text(encoding="utf-8"), (
        "cfbench.plugin changed: add a line to CHANGELOG.md under 'Plugin API', then write tests/plugin_api.txt anew "
        "with the text that this test compares"
    )


def test_everything_public_is_documented() -> None:
    for name in plugin.__all__:
        value = getattr(plugin, name)
        if inspect.isclass(value):
            assert value.__doc__, name
            assert value.__doc__ != f"{name}{inspect.signature(value)}", name
