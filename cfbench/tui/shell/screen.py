"""What the seven screens have in common: header, answer, panels in their places, footer, keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from cfbench.tui.commands import EVERYWHERE, Command, bindings
from cfbench.tui.drawing.lines import Line, cut
from cfbench.tui.parts.pane import Pane
from cfbench.tui.shell import layout
from cfbench.tui.shell.strips import Foot, Head, Strip

if TYPE_CHECKING:
    from cfbench.tui.app import Workbench

_LETTERS = "asdfghjkl"


class WorkScreen(Screen[None]):
    """A screen of the workbench.

    A subclass names itself, declares its commands and its panels' places, yields the panels, and draws anew in `show`.
    `KEPT` names those of its attributes that the next start shall find as they are.
    """

    MODE: ClassVar[str] = ""
    NAME: ClassVar[str] = ""
    SHORT: ClassVar[str] = ""
    ACTIONS: ClassVar[Sequence[Command]] = ()
    WIDE: ClassVar[layout.Bands] = ()
    PAGES: ClassVar[Sequence[layout.Stack]] = ()
    KEPT: ClassVar[Sequence[str]] = ("page",)

    AUTO_FOCUS = ""  # None would be the app's, which is any panel, displayed or not

    def __init_subclass__(cls) -> None:
        cls.BINDINGS = bindings(cls.ACTIONS)  # before Textual merges the bindings of a class with its parents'
        super().__init_subclass__()

    def __init__(self) -> None:
        super().__init__()
        self.page = 0
        self.zoomed = ""
        self.jumping = False

    @property
    def workbench(self) -> Workbench:
        """The app, by its own type."""
        return cast("Workbench", self.app)

    # -- what a subclass fills in --

    def panels(self) -> Iterable[Widget]:
        """Yield the panels, each with an id that the places name."""
        return ()

    def answer(self, width: int) -> list[Line]:
        """Return the sentence that answers what one came to ask, and a dim line of circumstances."""
        return []

    def show(self) -> None:
        """Draw every panel anew from what is known now."""
        for pane in self.query(Pane):
            pane.repaint()

    def changed(self, topic: str) -> None:
        """Take notice that something of a topic is different: link, data, draft, plugins, runs or front."""
        self.show()

    def equal(self) -> str:
        """Return the command line that shows or does the same."""
        return "cfbench"

    def placed(self) -> None:
        """Take notice that the panels in sight have their sizes now."""

    # -- composing and placing --

    def compose(self) -> ComposeResult:
        """Yield header, answer, panels, footer."""
        self.workbench.keeper.restore(self)
        yield Head(self.workbench.WORK_SCREENS, self.MODE)
        yield Strip(lambda width, height: [self.workbench.status(width)], id="status")
        yield Strip(self._answer, id="answer")
        yield from self.panels()
        yield Foot(self.footer_commands, [command for command in EVERYWHERE if command.word])

    def _answer(self, width: int, height: int) -> list[Line]:
        lines = self.answer(width - 2)
        if trouble := self.workbench.trouble():
            lines = [trouble, *lines[1:]]
        return [cut([("  ", ""), *line], width) for line in lines[:height]]

    def on_mount(self) -> None:
        """Put the panels in their places."""
        self.place()

    def on_resize(self) -> None:
        """Put the panels in their places, and stay with the one that has the focus."""
        panel = self.focused_panel()
        for number, stack in enumerate(self.page_list()):
            if panel is not None and panel.id in [name for name, _ in stack]:
                self.page = number
        self.place()

    def on_screen_suspend(self) -> None:
        """Let the screen's settings be remembered."""
        self.workbench.keeper.note(self)

    def on_screen_resume(self) -> None:
        """Show what has changed meanwhile."""
        if self.is_mounted:
            self.show()

    @property
    def wide(self) -> bool:
        """Whether panels stand side by side."""
        return layout.frame(*self.size).wide

    def page_list(self) -> list[layout.Stack]:
        """Return the pages of the narrow form."""
        return layout.pages(self.PAGES, self.size.height)

    def place(self) -> None:
        """Put everything in its place for the terminal's size."""
        if not self.size.width:
            return
        around = layout.frame(*self.size)
        for name in ("head", "status", "answer", "foot"):
            self._put(self.query_one(f"#{name}"), getattr(around, name))
        tabs: dict[str, tuple[list[str], int]] = {}
        if self.zoomed:
            places = {self.zoomed: around.inner}
        elif around.wide:
            places = layout.side_by_side(self.WIDE, around.inner)
        else:
            places, tabs = self._narrow(around.inner)
        for panel in self._panels():
            place = places.get(panel.id or "")
            panel.display = place is not None
            if place:
                self._put(panel, place)
            if isinstance(panel, Pane):
                panel.pages = tabs.get(panel.id or "")
        self.set_class(around.wide, "-wide")
        self.call_after_refresh(self._after_placing)

    def _after_placing(self) -> None:
        for pane in self.query(Pane):
            pane.repaint()
        if self.focused is None or not all(node.display for node in self.focused.ancestors_with_self):
            self.focus_first()
        self.placed()

    def _narrow(self, room: layout.Place) -> tuple[dict[str, layout.Place], dict[str, tuple[list[str], int]]]:
        pages = self.page_list()
        self.page %= len(pages)
        stack = pages[self.page]
        names = [self._title(page[0][0]) for page in pages]
        current = self.page
        if sum(map(len, names)) + 3 * len(names) + 24 > room.width:
            names, current = [f"{names[current]}, {current + 1} of {len(names)}"], 0
        tabs = {stack[0][0]: (names, current)} if len(pages) > 1 else {}
        return layout.one_page(stack, room), tabs

    def _title(self, panel: str) -> str:
        return str(getattr(self.query_one(f"#{panel}"), "title", panel)).split("  ")[0]

    def _panels(self) -> list[Widget]:
        around = ("head", "status", "answer", "foot")
        return [child for child in self.children if child.id not in around and isinstance(child, Pane)]

    @staticmethod
    def _put(widget: Widget, place: layout.Place) -> None:
        widget.styles.offset = (place.x, place.y)
        widget.styles.width, widget.styles.height = max(1, place.width), max(1, place.height)

    def focus_first(self) -> None:
        """Give the focus to the first panel that takes it, in the order of the places."""
        order = [name for stack in self.PAGES for name, _ in stack]
        for panel in sorted(self._panels(), key=lambda panel: order.index(panel.id) if panel.id in order else -1):
            if panel.display and panel.focusable:
                self.set_focus(panel, scroll_visible=False)
                return

    # -- commands --

    def live(self, command: Command) -> bool:
        """Return whether a command of this screen can be done now."""
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let only those of this screen's commands through that can be done now."""
        for command in self.ACTIONS:
            if command.call.partition("(")[0] == action:
                return self.live(command)
        return True

    def live_commands(self) -> list[Command]:
        """Return the commands of this screen and of the focused panel that can be done now."""
        focused = list(getattr(self.focused, "ACTIONS", ())) if self.focused is not None else []
        return [command for command in self.ACTIONS if self.live(command)] + focused

    def footer_commands(self) -> list[Command]:
        """Return the commands that the footer names, most wanted first."""
        return [command for command in self.ACTIONS if command.word and self.live(command)]

    @property
    def typing(self) -> bool:
        """Whether a field has the keys."""
        return isinstance(self.focused, Input)

    def on_key(self, event: Key) -> None:
        """Take a letter where a jump was asked for."""
        if self.jumping:
            event.stop()
            event.prevent_default()
            self._jump_to(event.key)

    def turn(self, pages: int) -> None:
        """Turn to another page of the narrow form."""
        if not self.wide and not self.zoomed:
            self.page = (self.page + pages) % len(self.page_list())
            self.set_focus(None)
            self.place()

    def turn_to(self, panel: str) -> None:
        """Show the page that holds a panel, and give it the focus."""
        for number, stack in enumerate(self.page_list()):
            if any(name == panel for name, _ in stack):
                self.page = number
        self.zoomed = ""
        self.place()
        self.set_focus(self.query_one(f"#{panel}"), scroll_visible=False)

    def zoom(self) -> None:
        """Show the focused panel alone, or all again."""
        panel = self.focused_panel()
        self.zoomed = "" if self.zoomed or panel is None else panel.id or ""
        self.place()

    def focused_panel(self) -> Widget | None:
        """Return the panel that has the focus, or holds what has it."""
        panels = self._panels()
        return (
            next((node for node in self.focused.ancestors_with_self if node in panels), None) if self.focused else None
        )

    def jump(self) -> None:
        """Show a letter on each panel; the next key goes to one."""
        self.jumping = True
        shown = [panel for panel in self._panels() if panel.display and isinstance(panel, Pane) and panel.can_focus]
        for letter, panel in zip(_LETTERS, shown, strict=False):
            panel.letter = letter
            panel.repaint()

    def _jump_to(self, key: str) -> None:
        self.jumping = False
        for panel in self.query(Pane):
            if panel.letter:
                if panel.letter == key:
                    self.set_focus(panel, scroll_visible=False)
                panel.letter = ""
                panel.repaint()

    def action_undo(self) -> None:
        """Take the last change of the experiment back, and say what that was."""
        undone: list[str | None] = []
        if self.workbench.edit(lambda draft: undone.append(draft.undo())):
            self.workbench.say(undone[0] or "there is nothing to undo")

    def back(self) -> None:
        """Leave a zoom; a subclass leaves its own filters first."""
        if self.zoomed:
            self.zoom()
