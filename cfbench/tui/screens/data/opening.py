"""What the draft says of its data, changed as a whole or in part; the rest of the experiment stays as it was."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.experiment import Data
from cfbench.tui.draft import Draft


def data_of(draft: Draft | None) -> Data:
    """Return the table [data] of a draft."""
    return draft.experiment.data if draft and draft.experiment else Data()


async def draft_on(link: Link, data: Data, draft: Draft | None) -> Draft:
    """Return a draft about other data: a new one, or the one given with its [data] replaced."""
    template = Draft(await link.ask(Bench.template, data))
    if draft is None or draft.problem is not None:
        return template
    for key in list(draft.get("data", {})):
        draft.unset(f"data.{key}")
    for key, value in _leaves("data", template.get("data", {})):
        draft.set(key, value)
    if not isinstance(data.source, str):
        for key, value in _leaves("splitter", template.get("splitter", {})):
            draft.set(key, value)
    return draft


def _leaves(path: str, table: Mapping[str, object]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for key, value in table.items():
        found += _leaves(f"{path}.{key}", value) if isinstance(value, dict) else [(f"{path}.{key}", value)]
    return found


def with_side(data: Data, table: str, source: str) -> Data:
    """Return data joined with a table of items or users; what was said of an earlier one is forgotten."""
    side = getattr(data, table)
    return msgspec.structs.replace(data, **{table: type(side)(source=source)})


def with_source(source: str) -> Data:
    """Return data of one source, all of it to be guessed."""
    return Data(source=source)
