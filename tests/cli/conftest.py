"""The command line as a user has it: a process of its own, or, where only the answer counts, this one."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cfbench.cli import main

Cfbench = Callable[..., subprocess.CompletedProcess[str]]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cfbench(tmp_path: Path) -> Cfbench:
    """Run the installed command in a process of its own, in `tmp_path`, without a terminal."""

    def run(*arguments: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("cfbench"), *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            cwd=tmp_path,
            env={**os.environ, **environment},
            check=False,
        )

    return run


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in this process, in `tmp_path`; return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


QUICK = ("loader.batch_size=512", "training.epochs=2")
"""Settings that make a training on the demo data short."""
