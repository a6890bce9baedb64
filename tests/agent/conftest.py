"""A real sshd on loopback, with keys and a port of its own, and scenarios that run with a link."""

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfbench.bench.link import Link, LinkState

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Start an sshd and give the ssh command that reaches it."""
    if SSHD is None:
        pytest.skip("there is no sshd here; install openssh-server")
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    port = free_port()
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile {folder}/pid\nStrictModes no\nPasswordAuthentication no\nUsePAM no\nPermitRootLogin yes\n"
        "AcceptEnv CFBENCH_*\n"
    )
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log)
    try:
        _wait_for(port, server, folder / "log")
        yield [
            *("ssh", "-p", str(port), "-i", str(folder / "user"), "-o", f"UserKnownHostsFile={folder}/known"),
            *("-o", "StrictHostKeyChecking=accept-new", "-o", "SendEnv=CFBENCH_*", "-F", "none"),
        ]
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"sshd does not listen: {log.read_text()}")


@pytest.fixture
def host(sshd: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A name for ``--on`` that leads to this machine through sshd, with this test's home."""
    monkeypatch.setenv("CFBENCH_SSH", " ".join(sshd))
    monkeypatch.setenv("CFBENCH_THERE", str(Path(sys.executable).with_name("cfbench")))
    return f"{getpass.getuser()}@127.0.0.1"


class Trial:
    """A link to a server, and every state that it was in."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.states: list[LinkState] = []
        self.link = Link(command, "there", on_state=self.states.append, **options)
        self.ask = self.link.ask

    @property
    def phases(self) -> list[str]:
        """The phases in which the link was, one after another."""
        names = [state.phase for state in self.states]
        return [name for n, name in enumerate(names) if n == 0 or name != names[n - 1]]

    @property
    def server(self) -> int:
        """The server's process."""
        assert self.link.hello is not None
        return self.link.hello.pid

    async def until(self, true: Callable[[], Any]) -> None:
        while not true():
            await asyncio.sleep(0.01)

    async def until_phase(self, phase: str) -> None:
        await self.until(lambda: self.link.state.phase == phase)


Scenario = Callable[[Trial], Awaitable[None]]


@pytest.fixture
def through() -> Callable[..., None]:
    """Give what runs a scenario with a link, and sees that leaving takes no longer than it may."""

    async def run(scenario: Scenario, command: list[str], options: dict[str, Any]) -> None:
        trial = Trial(command, **options)
        try:
            async with asyncio.timeout(60):
                await scenario(trial)
        finally:
            began = time.monotonic()
            await trial.link.close()
            assert time.monotonic() - began < 5  # some 0.1 s where nothing else runs

    return lambda scenario, command, **options: asyncio.run(run(scenario, command, options))
