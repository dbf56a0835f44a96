"""The outbox of e-mails that AWS would send."""

from __future__ import annotations

from pathlib import Path

from headgate.localcloud.documents import Documents
from headgate.localcloud.mail import Outbox
from unit.localcloud.http_harness import FakeClock


def test_mail_is_kept_in_order_and_outlives_the_daemon(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "state.db")
    clock = FakeClock()
    outbox = Outbox(documents, clock)
    assert outbox.as_json() == {"messages": []}
    for number in range(3):
        outbox.post("111122223333", "eu-west-1", "arn:topic", "lead@example.com", f"s{number}", "text")
    documents.close()
    again = Documents(tmp_path / "state.db")
    messages = Outbox(again, clock).as_json()["messages"]
    assert [one["subject"] for one in messages] == ["s0", "s1", "s2"]
    assert messages[0] == {
        "account": "111122223333",
        "region": "eu-west-1",
        "time": clock.now(),
        "from": "arn:topic",
        "to": "lead@example.com",
        "subject": "s0",
        "text": "text",
    }
    again.close()
