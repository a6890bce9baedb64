"""Tables for papers and notebooks: Markdown, CSV, LaTeX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from cfbench import text

FORMATS = ("markdown", "csv", "latex")

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "▽": r"$\triangledown$", "–": "--",
    "<": "$<$", ">": "$>$",
}  # fmt: skip


def written(form: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in one of `FORMATS`, ending with a line end."""
    every = [[text.label(cell, 200) for cell in row] for row in (head, *rows)]
    return {"markdown": _markdown, "csv": _csv, "latex": _latex}[form](every)


def _markdown(rows: list[list[str]]) -> str:
    escaped = [[re.sub(r"([|\\`*_~<])", r"\\\1", cell) for cell in row] for row in rows]
    head, *body = ["| " + " | ".join(row) + " |" for row in escaped]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body]) + "\n"


def _csv(rows: list[list[str]]) -> str:
    content = io.StringIO()
    csv.writer(content, lineterminator="\n").writerows(rows)
    return content.getvalue()


def _latex(rows: list[list[str]]) -> str:
    """Return a tabular for the package booktabs."""
    escaped = [[re.sub(r"[\\&%$#_{}~^±▽–<>]", lambda found: _LATEX[found[0]], cell) for cell in row] for row in rows]
    head, *body = [" & ".join(row) + r" \\" for row in escaped]
    columns = "l" * len(rows[0])
    top = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule"]
    return "\n".join([*top, *body, r"\bottomrule", r"\end{tabular}"]) + "\n"
