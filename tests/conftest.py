"""What every test shares: a home of its own, and the folder of real data where there is one."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfbench.runs import lock


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of the test's own; workers that the test leaves behind are killed, since a worker outlives its starter."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CFBENCH_HOME", str(folder))
    yield folder
    for path in folder.glob("runs/*/lock"):
        if lock.held(path):
            os.kill(lock.read_info(path)["pid"], signal.SIGKILL)


@pytest.fixture(scope="session")
def shared() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CFBENCH_TEST_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"there is no folder of real data at {folder}; set CFBENCH_TEST_DATA")
    return folder


SLOW = """
import time

from torch import nn

from cfbench.plugin import Model, hookimpl


class Slow(nn.Module):
    def __init__(self, info, params):
        super().__init__()
        self.users, self.items = nn.Embedding(info.n_users, 1), nn.Embedding(info.n_items, 1)

    def forward(self, x):
        if not self.training:
            time.sleep(0.05)
        return self.users(x[:, 0])[:, 0] + self.items(x[:, 1])[:, 0]


@hookimpl
def cfbench_models():
    return [Model("slow", "Slow", "takes its time over every user", "slow_model:Slow")]
"""


@pytest.fixture
def slow_run(home: Path) -> str:
    """A run on the demo whose model has no factors, and takes half a minute over all 600 users."""
    from cfbench import python

    (home / "plugins").mkdir(mode=0o700)
    (home / "plugins" / "slow_model.py").write_text(SLOW)
    tables = {"model": {"name": "slow"}, "loader": {"batch_size": 4096}, "training": {"epochs": 1}}
    return python.train({"data": {"source": "demo"}, **tables}).run.id
