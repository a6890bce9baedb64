"""A form over the experiment being set up: one widget draws all its fields, and one input lies over the open one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.events import DescendantBlur, DescendantFocus, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.widgets import Input

from cfbench.tui.commands import Command, bindings
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.draft import Draft
from cfbench.tui.drawing.lines import Line
from cfbench.tui.looks import INKS
from cfbench.tui.parts import fields
from cfbench.tui.parts.field_input import FieldInput
from cfbench.tui.parts.fields import Field, Heading
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import widest
from cfbench.tui.settings import Setting, show

if TYPE_CHECKING:
    from cfbench.tui.app import Workbench

__all__ = ["Form", "Heading"]

KEYS = (
    Command("form.up", "up", "", "the field above", "go(-1)"),
    Command("form.down", "down", "", "the field below", "go(1)"),
    Command("form.page_up", "pageup", "", "some fields up", "go(-8)"),
    Command("form.page_down", "pagedown", "", "some fields down", "go(8)"),
    Command("form.first", "home", "", "the first field", "go(-1000)"),
    Command("form.last", "end", "", "the last field", "go(1000)"),
    Command("form.open", "enter", "", "type in the field, or choose from a list; enter or esc ends that", "open_field"),
    Command("form.switch", "space", "", "yes or no", "switch"),
    Command("form.before", "left", "", "the choice before", "cycle(-1)"),
    Command("form.after", "right", "", "the next choice", "cycle(1)"),
    Command("form.shut", "escape", "", "leave the field", "shut"),
)


class Form(Pane):
    """Settings of the experiment: a field is chosen by the arrows, and open after enter.

    Args:
        title: stands in the rule.
        settings: gives what to list, headings between; asked anew whenever the form is drawn.
        notes: what stands at the right end of the rule.
        empty: what stands there without an experiment, or a setting.
        consequences: tells for a setting's choices, as they are shown, what each would do.

    Attributes:
        cursor: number of the chosen field, headings and hidden ones not counted.
    """

    ACTIONS: ClassVar = KEYS
    BINDINGS: ClassVar = bindings(KEYS)
    DEFAULT_CSS = """
    Form { overflow: hidden hidden; }
    Form > FieldInput { position: absolute; display: none; }
    """

    class Moved(Message):
        """Another field is chosen."""

        def __init__(self, form: Form, setting: Setting) -> None:
            super().__init__()
            self.form, self.setting = form, setting

        @property
        def control(self) -> Form:
            """The form."""
            return self.form

    def __init__(
        self,
        title: str,
        settings: Callable[[], Sequence[Setting | Heading]],
        *,
        id: str | None = None,
        notes: Callable[[], Line] | None = None,
        empty: Callable[[], Line] | None = None,
        consequences: Callable[[Setting], Mapping[str, str]] = lambda setting: {},
    ) -> None:
        super().__init__(title, id=id, notes=notes)
        self._settings, self._empty, self._consequences = settings, empty, consequences
        self.cursor = 0
        self._path = self._open = ""
        self._top = 0
        self._drawn: fields.Picture | None = None
        self.input = FieldInput(select_on_focus=False)
        self.input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """Yield the input that lies over the open field."""
        yield self.input

    # -- what it shows --

    @property
    def _workbench(self) -> Workbench:
        return cast("Workbench", self.app)

    @property
    def _draft(self) -> Draft | None:
        return self._workbench.workspace.draft

    @property
    def lit(self) -> bool:
        """Whether the rule is heavy."""
        return self.has_focus or self.input.has_focus

    def _listed(self) -> list[fields.Entry]:
        draft = self._draft
        listed = fields.entries(self._settings(), draft) if draft else []
        paths = [entry.setting.path for entry in listed if isinstance(entry, Field)]
        self.cursor = paths.index(self._path) if self._path in paths else max(0, min(self.cursor, len(paths) - 1))
        self._path = paths[self.cursor] if paths else ""
        return listed

    @property
    def chosen(self) -> Setting | None:
        """The setting whose field has the cursor."""
        listed = [entry.setting for entry in self._listed() if isinstance(entry, Field)]
        return listed[self.cursor] if listed else None

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the fields in sight."""
        listed = self._listed()
        self._drawn = None
        if not listed:
            return [[("  ", ""), *self._nothing()]]
        colourless = self._look() not in INKS
        drawn = fields.draw(listed, self.cursor, self._top, (width, height), lit=self.lit, underlined=colourless)
        self._drawn, self._top = drawn, drawn.top
        return drawn.lines

    def _nothing(self) -> Line:
        if self._empty:
            return self._empty()
        if self._draft is None:
            return [("no data yet: ", "dim"), ("1", "b"), (" opens them", "dim")]
        return [("there is nothing to set", "dim")]

    def as_text(self) -> str:
        """Return all fields, a line each."""
        listed = (entry for entry in self._listed() if isinstance(entry, Field))
        return "".join(f"{field.setting.path}\t{field.value}\t{field.allowed}\t{field.reason}\n" for field in listed)

    def repaint(self) -> None:
        """Draw anew, with the input in its place."""
        super().repaint()
        if self._open and self._open != self._path:
            self.close()
        if self._open and self._drawn and self._drawn.row is not None:
            self.input.styles.offset = (self._drawn.x + 1, self._drawn.row + self.ruled)
            self.input.styles.width = self._drawn.cells - 1

    # -- choosing a field --

    def go_to(self, number: int) -> None:
        """Choose a field, and leave the one that is open."""
        self.close()
        listed = [entry.setting for entry in self._listed() if isinstance(entry, Field)]
        number = max(0, min(number, len(listed) - 1))
        if listed and number != self.cursor:
            self.cursor, self._path = number, listed[number].path
            self.post_message(self.Moved(self, listed[number]))
        self.repaint()

    def action_go(self, fields_down: int) -> None:
        """Choose a field above or below."""
        self.go_to(self.cursor + fields_down)

    def on_pane_clicked(self, event: Pane.Clicked) -> None:
        """Choose the field under the mouse; a second click opens it."""
        owners = self._drawn.owners if self._drawn and event.pane is self else []
        number = owners[event.y] if event.y < len(owners) else None
        if number == self.cursor:
            self.action_open_field()
        elif number is not None:
            self.go_to(number)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Choose the field below."""
        self.action_go(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Choose the field above."""
        self.action_go(-1)

    # -- changing it --

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys that mean nothing to the chosen field to the screen."""
        if action == "shut":
            return bool(self._open)
        if action in ("cycle", "switch"):
            setting = self.chosen
            return (
                setting is not None
                and bool(fields.choices(setting))
                and (action == "cycle" or setting.kind == "boolean")
            )
        return True

    def action_open_field(self) -> None:
        """Let the person type in the chosen field, or choose where there are only some values."""
        setting, draft = self.chosen, self._draft
        if setting is None or draft is None:
            return
        if setting.kind == "boolean":
            self.action_cycle(1)
        elif setting.choices:
            self._choose(setting)
        else:
            self._open = setting.path
            self.input.value = draft.shown(setting)
            self.input.cursor_position = len(self.input.value)
            self.input.display = True
            self.screen.set_focus(self.input, scroll_visible=False)  # at once: the next key may be on its way
            self.repaint()

    def close(self) -> None:
        """Leave the open field."""
        if not self._open:
            return
        self._open = ""
        if self._draft:
            self._draft.seal()
        if self.input.has_focus:
            self.screen.set_focus(self, scroll_visible=False)
        self.input.display = False

    def action_shut(self) -> None:
        """Leave the open field."""
        self.close()
        self.repaint()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        setting = self.chosen
        if setting is not None and setting.path == self._open and self._draft:
            if event.value != self._draft.shown(setting):
                self._workbench.edit(lambda draft: draft.type(setting, event.value))
            self.repaint()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_shut()

    def action_switch(self) -> None:
        """Make yes of no, and no of yes."""
        self.action_cycle(1)

    def action_cycle(self, steps: int) -> None:
        """Take the next choice, or the one before."""
        setting, draft = self.chosen, self._draft
        if setting is None or draft is None or not (choices := fields.choices(setting)):
            return
        value = draft.value(setting)
        at = choices.index(value) if value in choices else -1 if steps > 0 else 0
        self._set(setting, choices[(at + steps) % len(choices)])

    def _choose(self, setting: Setting) -> None:
        free = setting.kind == "string"
        named = {show(setting, value): value for value in fields.choices(setting)}
        current = self._draft.shown(setting) if self._draft else ""

        def take(answer: str | None) -> None:
            if answer is not None and answer in named:
                self._set(setting, named[answer])
            elif answer is not None:
                self._workbench.edit(lambda draft: draft.type(setting, answer))
                self.close()
                self.repaint()

        notes = self._consequences(setting)
        finder = among([Choice(name, name, notes.get(name, "")) for name in named])
        wide = widest(list(named), 20) if notes else 0
        self.app.push_screen(Choosing(setting.label, finder, current=current, free=free, names=wide), take)

    def _set(self, setting: Setting, value: Any) -> None:
        self._workbench.edit(lambda draft: draft.set(setting.path, value))
        self.repaint()

    # -- focus in the input is focus here --

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Make the rule heavy."""
        self.repaint()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """Leave the open field: the person went elsewhere."""
        self.close()
        self.repaint()
