"""This machine, as far as a run needs to know it."""

from __future__ import annotations

import functools
import getpass
import os
import platform
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

_KEPT_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PYTHONHASHSEED", "LANG")


@functools.cache
def boot_id() -> str:
    """Return a text that changes when the machine restarts; nothing where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        asked = subprocess.run(["/usr/sbin/sysctl", "-n", "kern.boottime"], capture_output=True, text=True, check=False)
        return asked.stdout.strip()


def user() -> str:
    """Return who works here: the login name, or the number where the system knows no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def hostname() -> str:
    """Return the machine's name."""
    return socket.gethostname()


def environment() -> dict[str, Any]:
    """Return versions and settings that numbers can depend on; of the variables only a short list."""
    packages = ("cfbench", "torch", "numpy", "polars", "safetensors")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "host": hostname(),
        "packages": {name: _version(name) for name in packages},
        "variables": {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        "executable": sys.executable,
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
