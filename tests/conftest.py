"""What every test shares: a home of its own, and the folder of real data where there is one."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CFBENCH_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CFBENCH_TEST_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"there is no folder of real data at {folder}; set CFBENCH_TEST_DATA")
    return folder
