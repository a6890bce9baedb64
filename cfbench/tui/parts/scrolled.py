"""A panel whose picture may be longer than its place: it shows what fits, says how much more there is, and moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.events import MouseScrollDown, MouseScrollUp

from cfbench.tui.commands import Command, bindings
from cfbench.tui.drawing.lines import Line
from cfbench.tui.parts.pane import Pane

MOVES = (
    Command("scroll.up", "up", "", "a line up", "read(-1)"),
    Command("scroll.down", "down", "", "a line down", "read(1)"),
    Command("scroll.page_up", "pageup", "", "a page up", "read_page(-1)"),
    Command("scroll.page_down", "pagedown", "", "a page down", "read_page(1)"),
    Command("scroll.first", "home", "", "the first line", "read_edge(0)"),
    Command("scroll.last", "end", "", "the last line", "read_edge(1)"),
)

_SPARE = 3  # lines that a picture needs at least to show more: a blank one, a heading, and one below it
_WHEEL = 3


class Scrolled(Pane):
    """Draws as a pane does while it is at its start, and parts of the whole picture once it was moved.

    Args:
        title: stands in the rule.
        picture: draws the lines below for a width and a height.
        notes: what stands at the right end of the rule.
        tall: the height that the whole picture is drawn for where there is less.
    """

    BINDINGS: ClassVar = bindings(MOVES)

    pinned = 0
    """Lines at the top of the picture that stay where they are."""

    top = 0
    """How far it was moved down."""

    _at_start = True
    _last_top = 0

    def __init__(
        self,
        title: str = "",
        picture: Callable[[int, int], list[Line]] | None = None,
        *,
        id: str | None = None,
        notes: Callable[[], Line] | None = None,
        tall: int = 1_000,
    ) -> None:
        super().__init__(title, picture, id=id, notes=notes)
        self._tall = tall

    @property
    def ACTIONS(self) -> Sequence[Command]:
        """The commands that can be done now."""
        return MOVES if self._last_top else ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let it move only where there is more than fits."""
        return bool(self._last_top) or action not in ("read", "read_page", "read_edge")

    # -- drawing --

    def whole(self, width: int, height: int) -> list[Line]:
        """Return the lines of the picture for a height that may be more than there is."""
        return super().picture(width, height)

    def start(self, whole: list[Line]) -> int:
        """Return how far down it is at its start."""
        return 0

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the lines in sight."""
        fitting = _without_blank_end(self.whole(width, height))
        whole = _without_blank_end(self.whole(width, max(height, min(height + _SPARE, self._tall))))
        if fitting != whole:
            whole = _without_blank_end(self.whole(width, max(height, self._tall)))
        if len(whole) <= height:
            self.top = self._last_top = 0
            return whole
        apart = fitting[:height] != whole[:height]  # it starts with the picture trimmed to fit
        self._last_top = len(whole) - height + apart
        self.top = max(0, min(self.start(whole) if self._at_start else self.top, self._last_top))
        if apart and not self.top:
            return fitting
        first = self.pinned + self.top - apart
        return [*whole[: self.pinned], *whole[first : first + height - self.pinned]]

    def mark(self) -> Line:
        """Return how many lines are above and below those in sight."""
        above, below = self.top, self._last_top - self.top
        said = "  ".join([f"▴ {above}"] * (above > 0) + [f"▾ {below} more"] * (below > 0))
        return [(said, "b")] if said else []

    def as_text(self) -> str:
        """Return the whole picture as plain text."""
        lines = self.whole(max(self.size.width, 40), max(self.size.height - self.ruled, self._tall))
        return "\n".join("".join(text for text, _ in line).rstrip() for line in lines).rstrip() + "\n"

    # -- moving --

    def to_start(self) -> None:
        """Show the start again: it is about something else now."""
        self._at_start = True
        self.repaint()

    def _go(self, top: int) -> None:
        self._at_start = not self._last_top
        self.top = max(0, min(top, self._last_top))
        self.repaint()

    def action_read(self, lines: int) -> None:
        """Move by lines."""
        self._go(self.top + lines)

    def action_read_page(self, pages: int) -> None:
        """Move by what fits, less a line that stays in sight."""
        self._go(self.top + pages * max(1, self.size.height - self.ruled - self.pinned - 1))

    def action_read_edge(self, last: int) -> None:
        """Move to the first or the last line."""
        self._go(self._last_top * last)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move down three lines."""
        self._go(self.top + _WHEEL)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move up three lines."""
        self._go(self.top - _WHEEL)


def _without_blank_end(lines: list[Line]) -> list[Line]:
    end = len(lines)
    while end and not any(text.strip() for text, _ in lines[end - 1]):
        end -= 1
    return lines[:end]
