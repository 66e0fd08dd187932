import os
import socket
import subprocess
import sys

from senders.processes import is_alive, this_process


def test_this_process_is_alive():
    assert is_alive(this_process()) is True


def test_a_zombie_process_counts_as_dead():
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


def test_a_later_process_with_the_same_pid_is_a_different_process():
    host, pid, start = this_process().rsplit(":", 2)
    assert is_alive(f"{host}:{pid}:{int(start) + 1}") is False


def test_the_state_of_a_process_on_another_machine_is_not_known():
    _, pid, start = this_process().rsplit(":", 2)
    assert is_alive(f"not-{socket.gethostname()}:{pid}:{start}") is None
