"""An action is declared once; its key, the footer, help, the palette and the documentation come from that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

_SHOWN = {
    "question_mark": "?", "equals_sign": "=", "slash": "/", "exclamation_mark": "!", "escape": "esc", "enter": "↵",
    "left_square_bracket": "[", "right_square_bracket": "]", "ctrl+p": "^p", "ctrl+z": "^z", "ctrl+c": "^c",
    "shift+tab": "⇧tab", "up": "↑", "down": "↓", "left": "←", "right": "→", "plus": "+", "minus": "-", "full_stop": ".",
    "shift+left": "⇧←", "shift+right": "⇧→", "pageup": "pgup", "pagedown": "pgdn",
}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """Something that can be done with one key.

    Attributes:
        name: ``screen.verb``, unique.
        key: as Textual calls it; several with commas between.
        word: one or two words for the footer; empty: it is not listed there.
        help: one line for help, the palette and the documentation.
        action: Textual's action, without arguments ``verb`` of `name`.
    """

    name: str
    key: str
    word: str
    help: str
    action: str = ""

    @property
    def verb(self) -> str:
        """What follows the dot of the name."""
        return self.name.rpartition(".")[2]

    @property
    def call(self) -> str:
        """The action to run."""
        return self.action or self.verb

    @property
    def shown(self) -> str:
        """Its key as a person reads it; of several keys the first."""
        first = self.key.split(",")[0]
        return _SHOWN.get(first, first)

    @property
    def keys(self) -> str:
        """All its keys as a person reads them."""
        return "  ".join(_SHOWN.get(key, key) for key in self.key.split(","))


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """Return Textual's bindings of commands; the footer is ours, so they are not shown."""
    return [Binding(command.key, command.call, command.help, show=False) for command in commands]


EVERYWHERE = (
    Command("app.help", "question_mark", "help", "list the keys that work here"),
    Command("app.leave", "q", "leave", "leave the workbench; runs go on"),
    Command("app.palette", "ctrl+p", "", "find an action by its name"),
    Command("app.next_panel", "tab", "", "the next panel", "focus_next"),
    Command("app.previous_panel", "shift+tab", "", "the panel before", "focus_previous"),
    Command("app.next_page", "right_square_bracket", "", "the next page of a narrow screen", "turn(1)"),
    Command("app.previous_page", "left_square_bracket", "", "the page before", "turn(-1)"),
    Command("app.jump", "g", "", "show a letter on each panel, and go to one"),
    Command("app.zoom", "z", "", "one panel alone, and back"),
    Command("app.copy", "y", "", "copy what the panel shows"),
    Command("app.export", "e", "", "write what the panel shows to a file"),
    Command("app.equal", "exclamation_mark", "", "the command line that does the same"),
    Command("app.notices", "N", "", "what was said in the footer before"),
    Command("app.theme", "T", "", "the next look: dark, light, ANSI"),
    Command("app.back", "escape", "", "leave a field, a zoom, a filter", "step_back"),
    Command("app.suspend", "ctrl+z", "", "put the workbench aside; fg brings it back", "suspend_process"),
    Command("app.no_quit", "ctrl+c", "", "say how to leave"),
)
"""Commands of every screen; a digit for each screen comes with the screens themselves."""
