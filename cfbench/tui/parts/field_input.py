"""The input of a form; and how text in an editor is drawn, where Textual would send control characters as they are."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

from cfbench.text import label
from cfbench.tui.parts.pane import Steady


class FieldInput(Input, Steady):
    """The input of a form: it lies over the field that is open."""

    @property
    def _value(self) -> Text:
        """What Textual draws."""
        return Text(typed(self.value), no_wrap=True, overflow="ignore", end="")


def typed(content: str) -> str:
    """Return text as an editor may draw it: as many characters, each of them safe."""
    if content.isprintable():
        return content
    return "".join(one if one.isprintable() or one == "\t" else label(one) for one in content)
