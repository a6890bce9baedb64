"""Makes the README's pictures, SVG of the real screens with the built-in data: ``python docs/pictures.py``."""

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.experiment import Data
from cfbench.tui.app import Workbench
from cfbench.tui.draft import Draft
from cfbench.tui.workspace import Workspace

FOLDER = Path(__file__).parent / "pictures"
SHOWN = (
    ("data", "data", ()),
    ("loader", "loader", ()),
    ("model", "model", ()),
    ("train", "train", ()),
    ("runs", "runs", ()),
    ("explore", "explore", ()),
    ("map", "explore", ("t", "t", "t")),
    ("step", "explore", ("t", "t", "right", "right", "right", "right")),
)
"""Name, screen, keys."""
SECONDS = 120.0
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Fetched from elsewhere; without them a viewer takes its own monospaced font."""


async def make() -> None:
    """Set up and train two runs, and take a picture of each screen."""
    link = Link([sys.executable, "-P", "-m", "cfbench.agent.main"], "local")
    workspace = Workspace()
    workspace.draft = Draft(await link.ask(Bench.template, Data(source="demo")))
    app = Workbench(link, workspace, start="data")
    async with app.run_test(size=(140, 40)) as pilot:
        for factors in (10, 30):
            workspace.draft.set("model.n_factors", factors)
            checked = await link.ask(Bench.check, workspace.draft.experiment)
            (run,) = await link.ask(Bench.start, checked)
            end = time.monotonic() + SECONDS
            while (await link.ask(Bench.run, run)).state not in ("finished", "failed") and time.monotonic() < end:
                await pilot.pause(0.2)
            app.bring_forward(run)
        workspace.marks[:] = list(workspace.runs)[-2:]
        app.follow()
        for name, mode, keys in SHOWN:
            app.action_go(mode)
            await pilot.pause(1.0)
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.5)
            await pilot.pause(8.0 if mode in ("model", "explore") else 3.0)
            picture = app.export_screenshot(title=f"cfbench  {name}")
            (FOLDER / f"{name}.svg").write_text(FONTS.sub("", picture), encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    home = Path(tempfile.gettempdir()) / "cfbench"  # it is to be seen on a picture
    home.mkdir()
    try:
        os.environ["CFBENCH_HOME"] = str(home)
        asyncio.run(make())
    finally:
        shutil.rmtree(home)
