"""Change sets as documents."""

from __future__ import annotations

from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json

_KIND = "cfn-change-set"


class ChangeSetStore:
    """Change sets by their ids; names are unique within a stack."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def insert(self, body: Json) -> None:
        """Add one. Raises AwsError (AlreadyExistsException) when the stack has one of this name."""
        with self._documents.transaction():
            if any(
                item["name"] == body["name"]
                for item in self.of_stack(body["account"], body["region"], body["stack_id"])
            ):
                raise AwsError("AlreadyExistsException", f"ChangeSet {body['name']} already exists")
            self._documents.insert(_key(body), body)

    def put(self, body: Json) -> None:
        self._documents.put(_key(body), body)

    def delete(self, body: Json) -> None:
        try:
            self._documents.delete(_key(body))
        except MissingError:
            return

    def find(self, caller: Caller, name_or_id: str, stack: str) -> Json:
        """A change set by id, or by name and its stack's name or id. Raises AwsError (ChangeSetNotFound)."""
        found = self.look(caller, name_or_id, stack)
        if found is None:
            raise AwsError("ChangeSetNotFound", f"ChangeSet [{name_or_id}] does not exist", status=404)
        return found

    def look(self, caller: Caller, name_or_id: str, stack: str) -> Json | None:
        """As `find`, None when there is none."""
        if name_or_id.startswith("arn:"):
            return self._documents.find(Key(caller.account, caller.region, _KIND, name_or_id))
        if not stack:
            raise AwsError(
                "ValidationError", "StackName must be specified if ChangeSetName is not specified as an ARN."
            )
        for _, body in self._documents.list(_KIND, account=caller.account, region=caller.region):
            if body["name"] == name_or_id and stack in (body["stack_id"], body["stack_name"]):
                return body
        return None

    def of_stack(self, account: str, region: str, stack_id: str) -> list[Json]:
        found = self._documents.list(_KIND, account=account, region=region)
        return [body for _, body in found if body["stack_id"] == stack_id]


def _key(body: Json) -> Key:
    return Key(body["account"], body["region"], _KIND, body["id"])
