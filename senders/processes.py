"""Which process is trying a send, and whether it still lives."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path


@cache
def _own(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{_start_of(pid)}"


def this_process() -> str:
    """Name this process: `host:pid:start`. The start tells it from a later one with its pid."""
    return _own(os.getpid())


def is_alive(process: str) -> bool | None:
    """Say whether a named process still runs; None for one on another machine."""
    host, pid, start = process.rsplit(":", 2)
    if host != socket.gethostname():
        return None
    return _start_of(int(pid)) == start


def _start_of(pid: int) -> str | None:
    """When a process began, in whatever unit the system has; None once it is dead."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # proc(5): the name in brackets may hold spaces; state and start time come after it.
        fields = stat.rpartition(")")[2].split()
        state, start = fields[0], fields[19]
        return None if state in ("Z", "X") else start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "0"
