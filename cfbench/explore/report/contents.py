"""What a report holds, section by section. What a section needs and does not find is said in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import Literal

from cfbench.answers import Part
from cfbench.errors import CfbenchError
from cfbench.explore.report import about_model, about_run, html, markdown
from cfbench.explore.report.blocks import Block, Document, Section
from cfbench.explore.report.subject import Subject
from cfbench.explore.report.words import sentence
from cfbench.runs.folder import RunFolder, find

Form = Literal["html", "markdown"]
"""How a report is written."""

_SECTIONS: tuple[tuple[str, Callable[[Subject], Iterable[Block]]], ...] = (
    ("The run", about_run.tell_run),
    ("By epoch", about_run.tell_epochs),
    ("Metrics", about_run.tell_metrics),
    ("Errors", about_model.tell_errors),
    ("Biases", about_model.tell_biases),
    ("Map of the factors", about_model.tell_map),
    ("Dimensions", about_model.tell_dimensions),
    ("Recommendations", about_model.tell_recommendations),
    ("Settings", about_run.tell_settings),
    ("Environment", about_run.tell_environment),
    ("To repeat it", about_run.tell_again),
)


def report(run: str, form: Form, part: Part = "valid", beside: Sequence[RunFolder] = ()) -> str:
    """Return the report of a run, a whole HTML page or GitHub's Markdown, that needs no other file.

    Args:
        run: its id, the start or end of one, "last", or its folder's path.
        form: how it is written.
        part: what the model is measured on; "test" opens the test rows, and the run counts that.
        beside: runs that differ from it in the number of factors alone; itself may be one.

    Raises:
        BadInput: there is no such run.
    """
    subject = Subject(find(run), part, beside)
    document = Document(
        title=about_run.headline(subject),
        lead=" ".join(about_run.tell_first(subject)),
        sections=[_section(title, tell, subject) for title, tell in _SECTIONS],
        foot=f"Written by cfbench {metadata.version('cfbench')}.",
    )
    return html.page(document) if form == "html" else markdown.page(document)


def _section(title: str, tell: Callable[[Subject], Iterable[Block]], subject: Subject) -> Section:
    """Return what could be made of a section, and a sentence where something stopped it."""
    blocks: list[Block] = []
    try:
        blocks.extend(tell(subject))
    except CfbenchError as error:
        blocks.append(sentence(f"this can't be told: {error.what}"))
    except Exception as error:  # the other sections are worth having
        blocks.append(sentence(f"this can't be told: {type(error).__name__}: {error}"))
    return Section(title, blocks)
