"""The organizational units that accounts stand in."""

from __future__ import annotations

from aws_cdk import aws_organizations as organizations
from constructs import Construct

TEAM_UNITS = ("Experimentation", "Dev", "Preprod", "Prod")
UNITS = ("Headgate", "Durable", "Teams", *TEAM_UNITS, "Quarantine", "Retired")


class Units(Construct):
    """`Headgate` below the root, and in it Durable, Teams with one for each environment, Quarantine and Retired.

    `ids` are the units' ids by their names, each a token.
    """

    def __init__(self, scope: Construct, name: str, root_id: str) -> None:
        super().__init__(scope, name)
        self.resources: dict[str, organizations.CfnOrganizationalUnit] = {}
        self._unit("Headgate", root_id)
        for each in ("Durable", "Teams", "Quarantine", "Retired"):
            self._unit(each, self.ids["Headgate"])
        for each in TEAM_UNITS:
            self._unit(each, self.ids["Teams"])

    @property
    def ids(self) -> dict[str, str]:
        """The units' ids by name."""
        return {name: unit.attr_id for name, unit in self.resources.items()}

    def _unit(self, name: str, parent_id: str) -> None:
        self.resources[name] = organizations.CfnOrganizationalUnit(self, name, name=name, parent_id=parent_id)
