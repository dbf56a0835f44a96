"""What the local cloud remembers of Service Catalog, as documents in the owner's account and region.

`catalog-portfolio`: its details, tags, products (ids), shares; `catalog-principals` (portfolio): who of an account may
use it; `catalog-import` (portfolio): that an account has accepted its share; `catalog-product`; `catalog-version`
(`<product>/<version>`): a provisioning artifact with its template; `catalog-constraint`; `catalog-provisioned`: a
provisioned product; `catalog-record`: one operation on it; `catalog-token`: which answer an idempotency token got.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Json

PORTFOLIO = "catalog-portfolio"
PRINCIPALS = "catalog-principals"
IMPORT = "catalog-import"
PRODUCT = "catalog-product"
VERSION = "catalog-version"
CONSTRAINT = "catalog-constraint"
PROVISIONED = "catalog-provisioned"
RECORD = "catalog-record"
TOKEN = "catalog-token"  # noqa: S105 - a kind of document

Prepared = TypeVar("Prepared")

NewId = Callable[[str], str]
"""A new id with a prefix: `port-` and thirteen letters and digits."""

_PAGE = 20


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParametersException", message)


def in_use(message: str) -> AwsError:
    return AwsError("ResourceInUseException", message)


class Shelf:
    """Finds documents by the ids that requests name."""

    def __init__(self, documents: Documents, new_id: NewId) -> None:
        self.documents = documents
        self.new_id = new_id

    def key(self, caller: Caller, kind: str, name: str) -> Key:
        return Key(caller.account, caller.region, kind, name)

    def own(self, caller: Caller, kind: str, name: str) -> Json:
        """A document of the caller's account. Raises AwsError (ResourceNotFoundException)."""
        body = self.documents.find(self.key(caller, kind, name))
        if body is None:
            what = kind.removeprefix("catalog-")
            raise not_found(f"{what.capitalize()} {name} not found in account {caller.account}")
        return body

    def change(self, caller: Caller, kind: str, name: str, change: Callable[[Json], Json]) -> Json:
        """Replace a document of the caller's account. Raises AwsError (ResourceNotFoundException)."""
        self.own(caller, kind, name)
        return self.documents.update(self.key(caller, kind, name), change)

    def anywhere(self, region: str, kind: str, name: str) -> tuple[Key, Json] | None:
        """A document of whichever account: ids are unique in a region."""
        return next((one for one in self.documents.list(kind, region=region) if one[0].name == name), None)

    def listed(self, caller: Caller, kind: str, prefix: str = "") -> list[Json]:
        found = self.documents.list(kind, account=caller.account, region=caller.region, prefix=prefix)
        return [body for _, body in found]

    def once(
        self,
        caller: Caller,
        token: str,
        request: Json,
        write: Callable[[Prepared], Json],
        prepare: Callable[[], Prepared],
    ) -> Json:
        """Do what a request asks for, once for its idempotency token: the same request again gets the same answer.

        `prepare` may call other services; `write` is given what it returns, and is one transaction with the token.
        Raises AwsError (InvalidParametersException) for a token that was given with another request.
        """
        key = self.key(caller, TOKEN, token)
        done = self.documents.find(key)
        if done is None:
            prepared = prepare()
            with self.documents.transaction():
                done = self.documents.find(key)
                if done is None:
                    done = {"request": request, "answer": write(prepared)}
                    self.documents.insert(key, done)
        if done["request"] != request:
            raise invalid(f"the idempotency token '{token}' was used with other parameters")
        answer: Json = done["answer"]
        return answer


def page(member: str, items: list[Json], request: Json) -> Json:
    """One page of a list. Raises AwsError (InvalidParametersException)."""
    try:
        found, token = cut_page(items, request.get("PageToken"), int(request.get("PageSize") or _PAGE))
    except ValueError as error:
        raise invalid(f"PageToken '{request.get('PageToken')}' is not one that this operation has given") from error
    answer: Json = {member: list(found)}
    return answer if token is None else {**answer, "NextPageToken": token}


def tags_after(tags: list[Json], request: Json) -> list[Json]:
    """Tags as AddTags and RemoveTags leave them."""
    after = {tag["Key"]: tag["Value"] for tag in tags}
    after |= {tag["Key"]: tag["Value"] for tag in request.get("AddTags", [])}
    gone = request.get("RemoveTags", [])
    return [{"Key": key, "Value": value} for key, value in after.items() if key not in gone]
