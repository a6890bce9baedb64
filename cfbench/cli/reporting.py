"""``cfbench report``: a run told on one page, in a file here or on stdout."""

from __future__ import annotations

from pathlib import Path

import click

from cfbench import durable, paths
from cfbench.cli.here import answering, bench
from cfbench.cli.output import print_document, print_json, say
from cfbench.documents import DocumentForm, form_of


@click.command()
@click.argument("run", metavar="RUN")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file, on this machine.")
@click.option(
    "--format", "form", type=click.Choice(["html", "markdown"]), help="Else the file's ending says it: .html, .md."
)
@click.option("--test", is_flag=True, help="Measure it on the test rows; the run counts how often.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@answering
def report(run: str, output: Path | None, form: DocumentForm | None, test: bool, force: bool, as_json: bool) -> None:
    """Write a report of a run, one page with its numbers, pictures and settings inside, or print it."""
    path = None if output is None else paths.given(output).absolute()
    form = form_of(path, form) if path else form or "html"
    if path:
        durable.refuse_taken(path, force)
    document = bench().report(run, form, "test" if test else "valid")
    if path:
        size = durable.write_document(path, document, force)
        if as_json:
            print_json({"path": str(path), "format": form, "bytes": size})
        else:
            say(f"wrote {size:,} bytes to {path}")
    elif as_json:
        print_json({"format": form, "document": document})
    else:
        print_document(document)
