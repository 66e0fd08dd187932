import os
import socket
import subprocess
import sys

from senders.processes import is_alive, this_process


def test_this_process_is_alive():
    assert is_alive(this_process()) is True


def test_a_dead_process_is_dead_even_before_its_parent_looks():
    child = subprocess.Popen(
        [sys.executable, "-c", "from senders.processes import this_process as t; print(t())"],
        stdout=subprocess.PIPE,
        text=True,
    )
    name = child.stdout.read().strip()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the table
    assert is_alive(name) is False
    child.wait()
    assert is_alive(name) is False


def test_a_later_process_with_the_same_pid_is_another_one():
    host, pid, start = this_process().rsplit(":", 2)
    assert is_alive(f"{host}:{pid}:{int(start) + 1}") is False


def test_nobody_knows_about_another_machine():
    _, pid, start = this_process().rsplit(":", 2)
    assert is_alive(f"not-{socket.gethostname()}:{pid}:{start}") is None
