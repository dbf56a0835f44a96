"""Names of resources that several modules, or deploying and vending, have to agree on."""

from __future__ import annotations


def bucket_name(arn: str) -> str:
    """The name in a bucket's ARN, placeholders and all."""
    return arn.rpartition(":::")[2]


def database_name(data_set: str) -> str:
    """The Glue database of a data set: Athena knows no hyphens."""
    return f"headgate_{data_set.replace('-', '_')}"


def identifier(name: str) -> str:
    """A name with hyphens, underscores or dots as part of a logical id: `data-bucket` is `DataBucket`."""
    words = name.replace("_", "-").replace(".", "-").split("-")
    return "".join(word[:1].upper() + word[1:] for word in words)
