import asyncio
import errno

import pytest

from senders.base import SenderUnavailableError
from senders.file import FileSender, create

MESSAGE = b"Date: Mon, 02 Mar 2026 23:30:00 -0500\r\nSubject: x\r\n\r\n.\r\nbody\r\n"


def send(sender, send_id="send-1", data=MESSAGE):
    async def run():
        await sender.open()
        try:
            return await sender.send(
                envelope_from="ada@northwind.example",
                recipient="jo@example.org",
                message_id=f"<{send_id}@northwind.example>",
                data=data,
                send_id=send_id,
            )
        finally:
            await sender.close()

    return asyncio.run(run())


def test_a_message_becomes_a_file_under_its_date_in_utc(tmp_path):
    outcome = send(create({"outbox": tmp_path / "outbox"}))
    assert outcome.status == "sent"
    assert outcome.provider_message_id == "2026-03-03/send-1.eml"
    assert (tmp_path / "outbox" / "2026-03-03" / "send-1.eml").read_bytes() == MESSAGE


def test_no_temporary_file_remains(tmp_path):
    send(FileSender(tmp_path))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["send-1.eml"]


def test_the_evidence_is_certain_for_sent_and_for_not_sent(tmp_path):
    sender = FileSender(tmp_path)
    assert sender.evidence("send-1", "<send-1@x>") == "not_sent"
    (tmp_path / "2026-03-03").mkdir()
    (tmp_path / "2026-03-03" / ".send-1.77.tmp").write_bytes(b"half")
    assert sender.evidence("send-1", "<send-1@x>") == "not_sent"
    send(sender)
    assert sender.evidence("send-1", "<send-1@x>") == "sent"


def test_a_failing_disk_makes_the_sender_unavailable_and_leaves_no_message(tmp_path):
    (tmp_path / "2026-03-03").write_text("a file where the folder should be")
    with pytest.raises(SenderUnavailableError, match="takes no message: File exists"):
        send(FileSender(tmp_path))
    assert FileSender(tmp_path).evidence("send-1", "<send-1@x>") == "not_sent"


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_no_message_and_no_unfinished_file(tmp_path, monkeypatch, failing):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "write":
        monkeypatch.setattr("senders.file._write", full)
    elif failing == "fsync":
        monkeypatch.setattr("senders.file.os.fsync", full)
    else:
        monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(SenderUnavailableError, match="No space left on device"):
        send(FileSender(tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
