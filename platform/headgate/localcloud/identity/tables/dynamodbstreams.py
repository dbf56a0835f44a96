"""DynamoDB Streams, which signs as DynamoDB does."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import Operations, same
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller


def _stream_of_iterator(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    """A shard iterator begins with its stream's ARN."""
    return (str(at(parameters, "ShardIterator") or "*").partition("|")[0],)


OPERATIONS: Operations = {
    **same("dynamodb", "{StreamArn}", "DescribeStream GetShardIterator"),
    "GetRecords": (Need("dynamodb:GetRecords", _stream_of_iterator),),
    "ListStreams": (Need("dynamodb:ListStreams", "*"),),
}
