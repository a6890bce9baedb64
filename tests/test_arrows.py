"""The arrows of docs/architecture.md, held by contracts and by what processes really import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "polars", "numba", "numpy"}


def imported(code: str) -> set[str]:
    """Return the heavy modules that a fresh process has after running `code`."""
    report = f"\nimport sys; print('IMPORTED', *({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    return set(done.stdout.rpartition("IMPORTED")[2].split())


def called(*arguments: str) -> set[str]:
    return imported(f"from cfbench.cli import main; main({list(arguments)!r})")


@pytest.mark.parametrize(
    "module",
    [
        "cfbench",
        "cfbench.plugin",
        "cfbench.experiment",
        "cfbench.bench.interface",
        "cfbench.agent.local",
        "cfbench.cli",
        "cfbench.tui.start",
    ],
)
def test_light_modules_stay_light(module: str) -> None:
    assert imported(f"import {module}") == set()


def test_warm_listing_of_plugins_imports_nothing_heavy() -> None:
    called("plugins", "list")
    assert called("plugins", "list") == set()
    assert called("plugins", "show", "biased-dot-product") == set()


def test_listing_runs_imports_nothing_heavy() -> None:
    assert called("runs", "list") == set()


def test_help_imports_click_alone() -> None:
    code = "import sys; from cfbench.cli import main; main(['--help']); print('msgspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_import_contracts() -> None:
    root = Path(__file__).parents[1]
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_opened_is_data_never_code() -> None:
    root = Path(__file__).parents[1]
    sources = [path for folder in ("cfbench", "plugins", "datasets") for path in (root / folder).rglob("*.py")]
    forbidden = (
        "import pickle",
        "torch.load(",
        "allow_pickle=True",
        "yaml",
        "marshal",
        " eval(",
        " exec(",
        "shell=True",
    )
    found = [(path.name, word) for path in sources for word in forbidden if word in path.read_text(encoding="utf-8")]
    assert found == []
