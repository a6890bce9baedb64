"""The experiment as TOML beside the forms: what differs from another experiment is marked, with what it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.events import MouseScrollDown, MouseScrollUp

from cfbench.tui.commands import Command, bindings
from cfbench.tui.draft import Line as TomlLine
from cfbench.tui.drawing.lines import Line, Span, cells, text
from cfbench.tui.parts.pane import Pane

KEYS = (
    Command("toml.up", "up", "", "a line up", "scroll_lines(-1)"),
    Command("toml.down", "down", "", "a line down", "scroll_lines(1)"),
    Command("toml.page_up", "pageup", "", "some lines up", "scroll_lines(-10)"),
    Command("toml.page_down", "pagedown", "", "some lines down", "scroll_lines(10)"),
    Command("toml.first", "home", "", "the first line", "scroll_lines(-100000)"),
    Command("toml.last", "end", "", "the last line", "scroll_lines(100000)"),
)

_PARTS = re.compile(r"""("(?:\\.|[^"\\])*"|'[^']*')|(#.*)|([^"'#]+|.)""")


class Listing(Pane):
    """Lines of TOML with their own scroll; the line of the setting that is at hand stays in sight.

    Args:
        title: stands in the rule.
        lines: returns what to show.
        notes: what stands at the right end of the rule.
    """

    ACTIONS: ClassVar = KEYS
    BINDINGS: ClassVar = bindings(KEYS)

    def __init__(
        self, title: str, lines: Callable[[], Sequence[TomlLine]], *, id: str, notes: Callable[[], Line]
    ) -> None:
        super().__init__(title, id=id, notes=notes)
        self._toml = lines
        self._top = 0
        self._path = ""

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the lines in sight."""
        lines = self._toml()
        self._top = max(0, min(self._top, len(lines) - height))
        shown_lines = [
            drawn(line, width - 1, line.path == self._path) for line in lines[self._top : self._top + height]
        ]
        if shown_lines and self._top + height < len(lines):
            last = shown_lines[-1]
            shown_lines[-1] = [*last, (" " * (width - 1 - cells(last)), ""), ("↓", "dim")]
        return shown_lines

    def keep_in_sight(self, path: str) -> None:
        """Mark the line of a setting, and scroll to it."""
        self._path = path
        numbers = [number for number, line in enumerate(self._toml()) if line.path == path]
        room = max(1, self.size.height - 1)
        if numbers and not self._top <= numbers[0] < self._top + room - 1:
            self._top = max(0, numbers[0] - room // 2)
        self.repaint()

    def action_scroll_lines(self, lines: int) -> None:
        """Scroll."""
        self._top = max(0, self._top + lines)
        self.repaint()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Scroll down."""
        self.action_scroll_lines(3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Scroll up."""
        self.action_scroll_lines(-3)

    def as_text(self) -> str:
        """Return the TOML."""
        return "".join(f"{line.text}\n" for line in self._toml())


def drawn(line: TomlLine, width: int, here: bool = False) -> Line:
    """Return a line of TOML; a comment that does not fit whole beside its setting is left out."""
    ground = " sel" if here else ""
    changed = line.was is not None
    spans: list[Span] = [("▸" if here else " ", "b"), ("~" if changed else " ", "warn")]
    code, comment = _parted(line.text)
    if code.startswith("["):
        spans.append(text(code, "dim"))
    else:
        weight = " b" * changed + ground
        spans += [text(part[0], ("s3" if part[1] else "") + weight) for part in _PARTS.finditer(code)]
    if changed:
        spans.append(text(f"   was {line.was}" if line.was else "   not there", "dim"))
    elif comment and (not code or cells(spans) + len(comment) + 1 <= width):
        spans.append(text(f" {comment}" if code else comment, "dim"))
    return spans


def _parted(line: str) -> tuple[str, str]:
    """Return a line's code and its comment."""
    for part in _PARTS.finditer(line):
        if part[2]:
            return line[: part.start()].rstrip(), part[2]
    return line.rstrip(), ""
