"""Templates of StackSets where the stacks in their accounts can read them: by digest, and only by CloudFormation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError

PATH = "/cloudformation-templates/"


class SharedTemplates:
    """Texts by their SHA-256. The URL is understood by our own CreateStack and UpdateStack alone."""

    def __init__(self, documents: Documents, endpoint_url: Callable[[], str]) -> None:
        self._documents = documents
        self._endpoint_url = endpoint_url

    def url(self, text: str) -> str:
        """Where a template can be read."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        if self._documents.find(_key(digest)) is None:
            self._documents.put(_key(digest), {"text": text})
        return f"{self._endpoint_url()}{PATH}{digest}"

    def read(self, path: str) -> str | None:
        """The text of a URL's path; None when it is none of these. Raises AwsError (ValidationError)."""
        if not path.startswith(PATH):
            return None
        found = self._documents.find(_key(path.removeprefix(PATH)))
        if found is None:
            raise AwsError("ValidationError", f"no template is shared as {path}")
        return str(found["text"])


def _key(digest: str) -> Key:
    return Key("", "", "cfn-shared-template", digest)
