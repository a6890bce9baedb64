"""A panel: a title rule, and under it a picture made of lines. Only cells that changed are sent to the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from cfbench.text import label, width
from cfbench.tui.drawing.lines import Line, cells, cut
from cfbench.tui.looks import style

if TYPE_CHECKING:
    from textual.events import Click


class Steady(Widget):
    """Loses the focus by being hidden only while it is hidden: Textual takes it later, whoever has it by then."""

    def blur(self) -> Self:
        """Give the focus up, if it is still here and nothing is to be seen of this widget."""

        def leave() -> None:
            if self.has_focus and not self.display:
                self.screen.set_focus(None)

        self.app.call_later(leave)
        return self


class Pane(Steady, can_focus=True):
    """A titled area without a box: the rule on top is thin at rest and heavy with focus.

    Args:
        title: stands in the rule.
        picture: draws the lines below for a width and a height; a subclass may override `picture` instead.
        notes: what stands at the right end of the rule.
    """

    ruled = True

    class Clicked(Message):
        """Somebody clicked on the picture; `x` and `y` count from its first cell."""

        def __init__(self, pane: Pane, x: int, y: int) -> None:
            super().__init__()
            self.pane, self.x, self.y = pane, x, y

        @property
        def control(self) -> Pane:
            """The pane."""
            return self.pane

    def __init__(
        self,
        title: str = "",
        picture: Callable[[int, int], list[Line]] | None = None,
        *,
        id: str | None = None,
        notes: Callable[[], Line] | None = None,
    ) -> None:
        super().__init__(id=id)
        self.title = title
        self._picture, self._notes = picture, notes
        self.pages: tuple[list[str], int] | None = None
        self.letter = ""
        self._lines: list[Line] = []
        self._strips: list[Strip | None] = []

    # -- what it shows --

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the lines below the rule."""
        return self._picture(width, height) if self._picture else []

    def notes(self) -> Line:
        """Return what stands at the right end of the rule."""
        return self._notes() if self._notes else []

    def mark(self) -> Line:
        """Return what stands before the notes, and stays where they have no room."""
        return []

    def as_text(self) -> str:
        """Return the picture as plain text, for copying."""
        lines = self.picture(max(self.size.width, 40), max(1, self.size.height - self.ruled))
        return "\n".join("".join(text for text, _ in line).rstrip() for line in lines).rstrip() + "\n"

    @property
    def lit(self) -> bool:
        """Whether the rule is heavy."""
        return self.has_focus

    @property
    def room_for_notes(self) -> int:
        """Cells that the notes may take beside the title and the mark."""
        mark = cells(self.mark())
        return max(0, self.size.width - cells(self._rule_start()) - 4 - (mark + 2 if mark else 0))

    def _rule_start(self) -> Line:
        dash, tone = ("━", "b") if self.lit else ("─", "faint")
        left: Line = [(f"{dash} ", tone)]
        if self.letter:
            left += [(f"[{self.letter}]", "rev b"), (" ", "")]
        if self.pages:
            names, current = self.pages
            for n, name in enumerate(names):
                left += [(" · ", "faint")] * (n > 0) + [(f"[{name}]", "b") if n == current else (name, "dim")]
        else:
            left.append((label(self.title), "b" if self.lit else ""))
        return [*left, (" ", "")]

    def _rule(self, size: int) -> Line:
        dash, tone = ("━", "b") if self.lit else ("─", "faint")
        left = self._rule_start()
        mark, notes = self.mark(), self.notes()
        gap: Line = [("  ", "")] if mark and notes else []
        right: Line = []
        for said in ([*mark, *gap, *notes], mark):
            right = [(" ", ""), *said, (f" {dash}", tone)] if said else []
            if cells(left) + cells(right) < size:
                break
            right = []
        return [*left, (dash * max(0, size - cells(left) - cells(right)), tone), *right]

    # -- drawing --

    def repaint(self) -> None:
        """Draw anew and send what changed."""
        size = self.size
        if not size.width or not self.is_attached:
            self._lines = []  # it is drawn once it has a place
            return
        before, self._lines = self._lines, self._draw()
        if len(before) != len(self._lines):
            self._strips = [None] * len(self._lines)
            self.refresh()
            return
        regions = []
        for y, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if old != new:
                self._strips[y] = None
                start, end = _changed(old, new)
                regions.append(Region(start, y, max(1, end - start), 1))
        if regions:
            self.refresh(*regions)

    def _draw(self) -> list[Line]:
        wide, high = self.size
        below = self.picture(wide, max(0, high - self.ruled))
        lines = [*([self._rule(wide)] if self.ruled else []), *below]  # the rule may tell of the picture
        return [cut(line, wide) for line in lines[:high]] + [[(" " * wide, "")]] * (high - len(lines))

    def render_line(self, y: int) -> Strip:
        """Return one line for the terminal."""
        wide, high = self.size
        if len(self._lines) != high or (self._lines and cells(self._lines[0]) != wide):
            self._lines = self._draw()
            self._strips = [None] * len(self._lines)
        if y >= len(self._lines):
            return Strip.blank(wide, self.rich_style)
        strip = self._strips[y]
        if strip is None:
            look, base = self._look(), self.rich_style
            strip = Strip([Segment(text, base + style(look, roles)) for text, roles in self._lines[y]], wide)
            self._strips[y] = strip
        return strip

    def _look(self) -> str:
        look: str = getattr(self.app, "look", "dark")
        return look

    def notify_style_update(self) -> None:
        """Forget drawn strips: their colours are of another theme."""
        self._strips = [None] * len(self._lines)
        super().notify_style_update()

    # -- what the person does --

    def watch_has_focus(self, focused: bool) -> None:
        """Make the rule heavy, or thin again."""
        super().watch_has_focus(focused)
        self.repaint()

    def on_click(self, event: Click) -> None:
        """Report where."""
        if event.y >= self.ruled:
            self.post_message(self.Clicked(self, event.x, event.y - self.ruled))


def _changed(old: Line, new: Line) -> tuple[int, int]:
    """Return the first cell that differs between two lines of equal width, and the one after the last."""
    a = [(char, roles) for text, roles in old for char in text]
    b = [(char, roles) for text, roles in new for char in text]
    shorter = min(len(a), len(b))
    start = next((n for n in range(shorter) if a[n] != b[n]), shorter)
    end = next((n for n in range(shorter - start) if a[-1 - n] != b[-1 - n]), shorter - start)
    first = width("".join(char for char, _ in b[: max(0, start - 1)]))
    last = width("".join(char for char, _ in b[: len(b) - end]))
    return first, last + 1
