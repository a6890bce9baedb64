"""The formats that a report is written in, and which of them the name of its file says."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from cfbench.errors import BadInput

DocumentForm = Literal["html", "markdown"]

_ENDINGS: dict[str, DocumentForm] = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}
_NAMES: dict[DocumentForm, tuple[str, str]] = {"html": ("HTML", ".html"), "markdown": ("Markdown", ".md")}
"""What a format is called, and how its files end."""


def form_of(path: Path, chosen: DocumentForm | None = None) -> DocumentForm:
    """Return the format of a report's file: the one that is chosen, else the one that its ending says.

    Raises:
        BadInput: the ending says another format than the chosen one, or none is chosen and it says none.
    """
    said = _ENDINGS.get(path.suffix.lower())
    wanted = chosen or said
    if wanted is None:
        what, mend = "the name does not say which format is wanted", "end it in .html or .md, or add --format"
        raise BadInput(what, where=str(path), mend=mend)
    if said not in (None, wanted):
        what, mend = f"it ends in {path.suffix}, and the report is to be {_NAMES[wanted][0]}", _NAMES[wanted][1]
        raise BadInput(what, where=str(path), mend=f"end it in {mend}, or choose the other format")
    return wanted
