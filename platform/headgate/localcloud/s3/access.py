"""Who may do what, where nobody has asked IAM's policies before: the owner's account anything, others what the bucket's
policy grants them.
"""

from __future__ import annotations

from headgate.localcloud.s3 import policy
from headgate.localcloud.s3.errors import access_denied
from headgate.localcloud.s3.request import S3Request


def require(request: S3Request, bucket: str, key: str, action: str) -> None:
    """Raises AwsError: NoSuchBucket, AccessDenied."""
    store, caller = request.store, request.caller
    owner = store.bucket(bucket).account
    if caller.account == owner or request.http.authorized:
        return
    body = store.buckets.setting(bucket, "policy")
    resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
    if body is None or not policy.allows(body, caller, action, resource):
        who = caller.principal or f"account {caller.account}"
        raise access_denied(f"{who} is not authorized to perform {action} on {resource}: it belongs to account {owner}")
