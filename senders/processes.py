"""Names of the processes that try sends, and whether a process still runs."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path


@cache
def _own(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{_start_of(pid)}"


def this_process() -> str:
    """Name this process: `host:pid:start`. The start time separates processes that share a pid."""
    return _own(os.getpid())


def is_alive(process: str) -> bool | None:
    """Check whether a process still runs; None for a process on another machine."""
    host, pid, start = process.rsplit(":", 2)
    if host != socket.gethostname():
        return None
    return _start_of(int(pid)) == start


def _start_of(pid: int) -> str | None:
    """The start time of a process in the system's own unit; None for a dead process."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # proc(5): the name in brackets may contain spaces; state and start time follow the name.
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
