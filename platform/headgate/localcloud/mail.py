"""The outbox: e-mails that AWS would send. On this machine nobody gets them, they are kept to be read."""

from __future__ import annotations

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.seams import Clock, Json

_KIND = "mail"


class Outbox:
    """E-mails in the order in which they were written; each survives `kill -9` once `post` has returned."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def post(self, account: str, region: str, sender: str, to: str, subject: str, text: str) -> None:
        """Keep an e-mail; `sender` is the ARN of what it comes from."""
        body = {"time": self._clock.now(), "from": sender, "to": to, "subject": subject, "text": text}
        with self._documents.transaction():
            number = self._documents.next_number(_KIND)
            self._documents.insert(Key(account, region, _KIND, f"{number:09d}"), body)

    def as_json(self) -> Json:
        """What the control command shows: every e-mail, the oldest first."""
        found = self._documents.list(_KIND)
        return {"messages": [{"account": key.account, "region": key.region, **body} for key, body in found]}
