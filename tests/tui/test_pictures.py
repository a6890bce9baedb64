"""What every screen looks like in its states, kept as text: read a changed picture before you accept it.

New ones are written with ``pytest tests/tui/test_pictures.py -n 0 --snapshot-update``.
"""

import time

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from cfbench.errors import BadInput
from cfbench.tui.screens import WORK_SCREENS

NOW = 1_795_572_384.0
SMALL, LARGE, TINY = (80, 24), (140, 40), (60, 15)
MODES = [screen.MODE for screen in WORK_SCREENS]
STATES = ("empty", "loading", "full", "error", "hostile")

ERRORS = {
    "data": ("describe", "u.data: it has 2 columns, and user, item and target need 3; name them with columns"),
    "loader": ("preview", "splitter.valid = 0.99 leaves 12 training rows; make it smaller"),
    "model": ("cost", "131,072 factors a user need 495 MB and 120 MB are free; make model.n_factors smaller"),
    "train": ("", ""),
    "runs": ("differences", "the index can't be read"),
    "explore": ("explain", "the model embedding-mlp learns no factors; train a model that does"),
    "plugins": ("", ""),
}
WAITS = {
    "data": {"describe"},
    "loader": {"preview", "check"},
    "model": {"cost", "check", "rates"},
    "train": {"history", "changes"},
    "runs": {"changes"},
    "explore": {"recommend", "explain", "factor_map", "predicted_tab", "search"},
    "plugins": {"plugins"},
}


class TextExtension(SingleFileSnapshotExtension):
    """One text file a picture, so that it can be read."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def picture(snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> SnapshotAssertion:
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    return snapshot.use_extension(TextExtension)


def _prepared(bench, hostile, mode: str, state: str):
    """The bench of a state."""
    chosen = hostile if state == "hostile" else bench
    if state == "loading":
        chosen.slow |= WAITS[mode]
    if state != "empty":
        chosen.add_run("20261125T015000.000000Z-brave-ibis", "running")
        chosen.add_run("20261125T014000.000000Z-calm-otter", "finished", done=10)
        ended = {"reason": "the loss became nan at step 212 (epoch 3)"}
        chosen.add_run("20261125T013000.000000Z-old-lynx", "failed", done=2, **ended)
    if state == "error":
        method, reason = ERRORS[mode]
        if method:
            chosen.error[method] = BadInput(reason)
        if mode == "train":
            chosen.summaries.pop("20261125T015000.000000Z-brave-ibis")
            chosen.summaries.pop("20261125T014000.000000Z-calm-otter")
    return chosen


CASES = [(mode, state, size) for mode in MODES for state in STATES for size in (SMALL, LARGE)]
CASES += [(mode, state, TINY) for mode in ("data", "train") for state in ("empty", "full", "hostile")]


@pytest.mark.parametrize(
    ("mode", "state", "size"), CASES, ids=[f"{mode}-{state}-{w}x{h}" for mode, state, (w, h) in CASES]
)
def test_picture(mode, state, size, bench, hostile, desk, picture) -> None:
    chosen = _prepared(bench, hostile, mode, state)
    app = desk.app(chosen, mode, draft=state != "empty", data=state in ("full", "hostile"))
    assert _settled(app, desk, size, chosen.slow, loading=state == "loading") == picture


def _settled(app, desk, size, slow=frozenset(), *, loading=False, keys=()) -> str:
    """Return what a workbench shows once nothing changes any more, after some keys."""
    seen: list[str] = []

    async def steps(pilot) -> None:
        for key in ("", *keys):
            await pilot.press(*([key] if key else []))
            previous = ""
            for _ in range(200):
                await pilot.pause(0.05)
                seen.append(desk.text(app))
                if seen[-1] == previous and not (app._jobs.keys() - {"runs"} - slow and not loading):
                    break
                previous = seen[-1]

    desk.use(app, steps, size)
    assert all(len(line) <= size[0] for line in seen[-1].splitlines())
    return seen[-1]


VIEWS = [("full", LARGE, turns) for turns in range(1, 8)] + [("full", SMALL, turns) for turns in range(1, 12)]
VIEWS += [("hostile", LARGE, turns) for turns in (3, 4, 5)]


@pytest.mark.parametrize(
    ("state", "size", "turns"), VIEWS, ids=[f"explore-view-{turns}-{state}-{w}x{h}" for state, (w, h), turns in VIEWS]
)
def test_picture_of_a_view_of_explore(state, size, turns, bench, hostile, desk, picture) -> None:
    app = desk.app(_prepared(bench, hostile, "explore", state), "explore")
    assert _settled(app, desk, size, keys=["t"] * turns) == picture
