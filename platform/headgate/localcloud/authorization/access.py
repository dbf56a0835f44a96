"""Who is who and who may do what, wired together: sessions, identities, the directory, the gate and STS."""

from __future__ import annotations

from collections.abc import Callable

from headgate.localcloud.authorization import iam_facts, network_facts
from headgate.localcloud.authorization.control_facts import ControlFacts
from headgate.localcloud.authorization.deliveries import Deliveries
from headgate.localcloud.authorization.directory import CloudDirectory
from headgate.localcloud.authorization.gate import Gate
from headgate.localcloud.authorization.guard import Guard, Recorder
from headgate.localcloud.authorization.network_facts import SubnetFacts
from headgate.localcloud.authorization.networks import JobAccess, Networks
from headgate.localcloud.authorization.origins import Origins
from headgate.localcloud.authorization.own_facts import own_facts
from headgate.localcloud.authorization.versions import Remembered, Versions
from headgate.localcloud.documents import Documents
from headgate.localcloud.identity.authorizer import Authorizer
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Caller, Clock, Json, Place
from headgate.localcloud.server.identity import Identities
from headgate.localcloud.server.moto_host import MotoHost
from headgate.localcloud.sts.service import Sts
from headgate.localcloud.sts.sessions import Sessions


class Access:
    """One object for the composition root."""

    def __init__(
        self,
        documents: Documents,
        moto: MotoHost,
        organizations: OrganizationStore,
        objects: ObjectStore,
        logs: LogStore,
        clock: Clock,
        sessions: Sessions,
        recorder: Recorder,
    ) -> None:
        self._versions = versions = Versions()
        control = ControlFacts(documents)
        sources = {**own_facts(documents, objects, logs, organizations), **control.sources()}
        resolvers = {"cloudformation": control.resolve_stack}
        self.directory = CloudDirectory(moto, sessions, organizations, versions, sources, resolvers)
        self.gate = Gate(Authorizer(self.directory, clock), self.directory)
        self.deliveries = Deliveries(self.gate, self.directory)
        self.origins = Origins(documents)
        self._moto = moto
        self._subnets: Remembered[SubnetFacts | None] = Remembered(lambda: versions.of("ec2"))
        self.networks = Networks(self.origins, self._subnet)
        self.guard = Guard(self.gate, self.networks, versions, recorder)
        self.sts = Sts(sessions, self.directory.role, self.directory.user, self._in_organization, clock)
        keys: Remembered[tuple[str, str] | None] = Remembered(lambda: versions.of("iam"))
        self.identities = Identities(
            sessions,
            lambda key: keys.get(key, lambda: moto.look(lambda: iam_facts.key_owner(key))),
            self._in_organization,
            clock,
        )

    def assume_role(self, caller: Caller, request: Json) -> Json:
        """AssumeRole in process, by an AWS service: authorized like any other. Raises AwsError."""
        self.gate.require("sts", "AssumeRole", request, caller)
        return self.sts.assume_role(caller, request)

    def authorize_step(self, caller: Caller, operation: str, parameters: Json) -> None:
        """A SageMaker operation that a pipeline's step calls as the execution's role. Raises AwsError."""
        self.gate.require("sagemaker", operation, parameters, caller)

    def role_id(self, arn: str) -> str:
        """The unique id of a role that exists, empty for one that does not."""
        fields = arn.split(":", 5)
        role = self.directory.role(fields[4], fields[5].rpartition("/")[2]) if len(fields) == 6 else None
        return role.id if role is not None else ""

    def of_jobs(self, public_url: Callable[[], str]) -> JobAccess:
        """What the job engine asks about its jobs; `public_url` is the cloud's address outside of VPCs."""
        return JobAccess(self.networks, self.gate.require, public_url)

    def _subnet(self, place: Place) -> SubnetFacts | None:
        def look() -> SubnetFacts | None:
            return network_facts.subnet(place.account, place.region, place.subnet)

        return self._subnets.get(place, lambda: self._moto.look(look))

    def iam_changed(self) -> None:
        """AWS itself has changed IAM inside an account: what is known of principals is looked up again."""
        self._versions.changed("iam")

    def _in_organization(self, account: str) -> bool:
        return self.directory.membership(account) is not None
