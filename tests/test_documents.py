"""Which format the name of a report's file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfbench.documents import DocumentForm, form_of
from cfbench.errors import BadInput


@pytest.mark.parametrize(
    ("name", "chosen", "form"),
    [
        ("run.HTML", None, "html"),
        ("run.htm", "html", "html"),
        ("run.markdown", None, "markdown"),
        ("run.md", "markdown", "markdown"),
        ("run.txt", "html", "html"),
        ("run", "markdown", "markdown"),
    ],
)
def test_the_ending_says_it_where_nobody_chose(name: str, chosen: DocumentForm | None, form: DocumentForm) -> None:
    assert form_of(Path(name), chosen) == form


@pytest.mark.parametrize(
    ("name", "chosen", "sentence"),
    [
        ("run.md", "html", "run.md: it ends in .md, and the report is to be HTML; end it in .html, or choose"),
        ("run.HTM", "markdown", "run.HTM: it ends in .HTM, and the report is to be Markdown; end it in .md, or"),
        ("run", None, "run: the name does not say which format is wanted; end it in .html or .md, or add --format"),
    ],
)
def test_a_name_that_says_another_or_none_is_refused(name: str, chosen: DocumentForm | None, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        form_of(Path(name), chosen)
    assert str(refused.value).startswith(sentence)
