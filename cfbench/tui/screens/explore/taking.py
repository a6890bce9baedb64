"""Taking it along: factors, recommendations for everybody, or a report, written where the bench is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfbench import durable, paths
from cfbench.bench.interface import Bench
from cfbench.documents import form_of
from cfbench.errors import BadInput
from cfbench.tui.dialogs.asking import Asking
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.drawing import figures
from cfbench.tui.workspace import short_name

if TYPE_CHECKING:
    from cfbench.tui.app import Workbench

_POLL = 0.5

_CHOICES = (
    Choice("factors parquet", "factors and biases, Parquet", "a folder with users, items and the model"),
    Choice("factors safetensors", "factors and biases, safetensors", "one file"),
    Choice("factors npz", "factors and biases, NumPy", "one file"),
    Choice("factors word2vec", "factors, word2vec text", "a folder"),
    Choice("factors projector", "factors, TensorBoard projector", "a folder"),
    Choice("report html", "a report of the run, HTML", "one page with pictures, written here"),
    Choice("report markdown", "a report of the run, Markdown", "one page with pictures, written here"),
    Choice("recommendations parquet", "the first ten for every user, Parquet", "one file, streamed"),
)
_ENDINGS = {"safetensors": ".safetensors", "npz": ".npz"}


def choose(workbench: Workbench, run: str) -> None:
    """Ask what to write, and where, and write it; a footer notice says how far it is."""

    def take(chosen: str | None) -> None:
        if not chosen:
            return
        what, form = chosen.split()
        if what == "report":
            ask_where(f"{short_name(run)}.{'html' if form == 'html' else 'md'}", "here", what, form)
            return
        ending = ".parquet" if what == "recommendations" else _ENDINGS.get(form, f"-{form}")
        name = f"{short_name(run)}-{what}{ending}"
        ask_where(name, "where the bench is", what, form)

    def ask_where(name: str, place: str, what: str, form: str) -> None:
        async def start(path: str) -> None:
            if not path.strip():
                return
            if what == "report":
                job = _reported(workbench, run, form, _free(path.strip(), form))
            else:
                job = _followed(workbench, what, await _exporting(workbench, run, what, form, path.strip()))
            workbench.work(job, "take")

        workbench.push_screen(Asking(f"write {what} to", name, f"a path {place}", start))

    workbench.push_screen(Choosing("take along", among(_CHOICES)), take)


async def _exporting(workbench: Workbench, run: str, what: Any, form: Any, path: str) -> str:
    """Return the number of an export that began."""
    try:
        return await workbench.link.ask(Bench.export, run, what, form, path)
    except BadInput as error:
        if "--force" not in error.mend:
            raise
        raise BadInput(error.what, where=error.where, mend="take it along under another name") from error


async def _followed(workbench: Workbench, what: str, job: str) -> None:
    while (status := await workbench.link.ask(Bench.exporting, job)).state == "running":
        if status.total:
            workbench.say(f"{figures.share(status.done, status.total)} of {figures.count(status.total)} users written")
        await asyncio.sleep(_POLL)
    if status.state == "failed":
        workbench.say(status.error, "bad")
    else:
        workbench.say(f"{what} {'written to' if status.state == 'done' else 'stopped:'} {', '.join(status.paths)}")


def _free(path: str, form: Any) -> Path:
    """Return the place of a report, once it is known to be free, and not to end as another format does."""
    place = paths.given(path).absolute()
    form_of(place, form)
    durable.refuse_taken(place)
    return place


async def _reported(workbench: Workbench, run: str, form: Any, place: Path) -> None:
    document = await workbench.link.ask(Bench.report, run, form)
    await asyncio.to_thread(durable.write_document, place, document)
    workbench.say(f"report written to {place}")
