"""`headgate schema`: the JSON Schema of headgate.yaml with all plugins' sections, or of organization.yaml."""

from __future__ import annotations

import click

from headgate.cli.common import Options, options, to_json, warn
from headgate.plugins.session import open_plugins, why_unloaded
from headgate.spec.schema import full_schema


@click.command("schema")
@click.option("--organization", is_flag=True, help="The schema of organization.yaml instead.")
@options
def command(organization: bool, options: Options) -> None:
    """Print the JSON Schema of headgate.yaml, for editors.

    \b
    headgate schema > .headgate.schema.json
    # and as first line of headgate.yaml:
    # yaml-language-server: $schema=.headgate.schema.json
    """  # noqa: D301 - click's mark is the character, which a raw text would not hold
    if organization:
        from headgate.spec.organization import organization_schema

        print(to_json(organization_schema()))
        return
    facade, error = open_plugins(
        options.project, options.environment, options.overrides, disabled=options.disabled_plugins
    )
    schema = full_schema(facade.settings_schemas())
    warn([*why_unloaded(error), *map(str, facade.warnings)])
    print(to_json(schema))
