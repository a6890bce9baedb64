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
