"""What the Explore screen shows is what the commands print: the same numbers, to the shown digit, of a real run."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from cfbench import python
from cfbench.agent.local import LocalBench
from cfbench.answers import RunChanges
from cfbench.cli import main
from cfbench.tui.app import Workbench
from cfbench.tui.drawing import figures
from cfbench.tui.screens.explore import views
from cfbench.tui.workspace import Workspace
from tests.tui.conftest import FakeLink

WIDE = (140, 40)


class RealBench(LocalBench):
    """The bench of this process, with what the fake link looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []
        self.named: list[Any] = []
        self.error: dict[str, Any] = {}
        self.slow: set[str] = set()
        self.events_of: dict[str, list[Any]] = defaultdict(list)
        self.token = ""

    def changes(self, token: str = "", wait: float = 0.0) -> RunChanges:
        """Answer at once: the link waits."""
        found = super().changes(token)
        self.token = found.token
        return found


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a small real run."""
    monkeypatch.setenv("CFBENCH_HOME", str(tmp_path / "home"))
    tables = {
        "data": {"source": "demo"},
        "loader": {"batch_size": 512},
        "model": {"name": "biased-dot-product", "n_factors": 6},
        "training": {"epochs": 2, "threads": 1},
    }
    return python.train(tables).run.id


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Return what a command prints as JSON."""
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_numbers_of_every_view_are_those_of_the_commands(
    trained: str, desk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = RealBench()
    workspace = Workspace(front=trained)
    workspace.runs = {trained: bench.run(trained)}
    app = Workbench(FakeLink(bench), workspace, start="explore")  # type: ignore[arg-type]
    shown: dict[str, str] = {}

    async def steps(pilot: Any) -> None:
        screen = app.base_screen
        for view, name in enumerate(views.NAMES):
            screen.view = view
            screen.about.me = False
            screen.place()
            needs = [need for panel in views.panels(view) for need in views.NEEDS[panel] if panel != "mine"]
            await desk.until(pilot, lambda needs=needs: all(screen.answer_of(n) is not None for n in needs), 60)
            await pilot.pause()
            shown[name] = desk.text(app)
        shown["user"] = screen.about.user

    desk.use(app, steps, WIDE)
    user = shown["user"]

    best = printed(capsys, "recommend", trained, "--user", user, "-n", "40", "--least", "5")["items"][0]
    assert f"user {user} should see {best['title']}: {figures.metric(best['value'], 2)}" in shown["recommended"]

    why = printed(capsys, "explain", trained, "--user", user, "--item", best["label"])
    assert re.search(rf"sum +{re.escape(figures.signed(why['score']))}", shown["recommended"])
    assert re.search(rf"prediction [^\n]*{re.escape(figures.metric(why['prediction'], 2))}", shown["recommended"])
    for term in why["terms"][:5]:
        assert re.search(rf"{term['name']} +{re.escape(figures.signed(term['value']))}", shown["recommended"])

    ends = printed(capsys, "biases", trained, "-n", "40", "--least", "5")
    assert f"{figures.signed(ends['top'][0]['value'])} ± {ends['top'][0]['within']:.2f}" in shown["biases"]

    found = printed(capsys, "map", trained, "--least", "5")
    assert f"PC1 {found['x']['share']:.0%} × PC2 {found['y']['share']:.0%}" in shown["map"]

    tab = printed(capsys, "crosstab", trained, "--user", user)
    cell = tab["cells"][0][0]
    assert tab["users"][0] == user
    assert re.search(rf"▸ user {user} .*? {re.escape(figures.metric(cell['prediction'], 2))} ", shown["cross-tab"])

    step = printed(capsys, "step", trained)
    number = figures.signed(step["tables"][0]["before"][0], 4)
    assert re.search(rf"user {step['rows'][0]['user']} +{re.escape(number)}", shown["one step"])

    factors = printed(capsys, "factors", trained)
    assert f"its 6 factors do the work of {factors['effective']:.1f}" in shown["factors"]

    wrong = printed(capsys, "errors", trained)
    assert f"off by {figures.metric(wrong['rmse'])} (RMSE of {wrong['rows']:,} valid rows)" in shown["errors"]
