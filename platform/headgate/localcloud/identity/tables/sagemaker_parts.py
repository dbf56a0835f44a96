"""What SageMaker's tables share: ARNs, tags on create with sagemaker:AddTags, roles handed to SageMaker."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Extract, Keys, Need
from headgate.localcloud.identity.tables.parts import constant, creates, first, pass_role, several

PREFIX = "arn:aws:sagemaker:{region}:{account}:"
PRINCIPAL = "sagemaker.amazonaws.com"


def new(operation: str, part: str, keys: Keys | None = None) -> tuple[Need, ...]:
    """What creating a resource needs: tags given with it need sagemaker:AddTags as well."""
    return creates(
        f"sagemaker:{operation}",
        PREFIX + part,
        keys,
        tag_action="sagemaker:AddTags",
        tag_keys={"sagemaker:TaggingAction": constant(operation)},
    )


def runs_as(path: str) -> Need:
    """The role that SageMaker acts as for the caller."""
    return pass_role(path, PRINCIPAL)


def network(start: str = "", *, vpc: str = "VpcConfig") -> dict[str, str | Extract]:
    """`sagemaker:VpcSubnets` and `sagemaker:VpcSecurityGroupIds` below a path."""
    return {
        "sagemaker:VpcSubnets": several(f"{start}{vpc}.Subnets[]"),
        "sagemaker:VpcSecurityGroupIds": several(f"{start}{vpc}.SecurityGroupIds[]"),
    }


def isolation(*starts: str, member: str = "EnableNetworkIsolation") -> dict[str, str | Extract]:
    """`sagemaker:NetworkIsolation` of the first path that says it."""
    return {"sagemaker:NetworkIsolation": first(*(f"{start}{member}" for start in starts or ("",)))}


def instances(*paths: str) -> dict[str, str | Extract]:
    """`sagemaker:InstanceTypes`, which has several values."""
    return {"sagemaker:InstanceTypes": several(*paths)}
