"""The environment of a job's programs: made anew, so that nothing of the user's own leaks into a job."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from headgate.localcloud.jobs.access import Acting
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.runtimes import Launch

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def job_environment(
    context: Context, who: Acting, requested: Mapping[str, str], own: Mapping[str, str]
) -> dict[str, str]:
    """What a job sees before its runtime has its say: the request's variables win over all but `own`."""
    return {
        "LANG": "C.UTF-8",
        "PATH": SYSTEM_PATH,
        "PYTHONUNBUFFERED": "1",
        "AWS_REGION": who.caller.region,
        "AWS_DEFAULT_REGION": who.caller.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        **context.credentials(who.caller, who.role),
        "AWS_ENDPOINT_URL": context.access.endpoint_url(who),
        **requested,
        **own,
    }


def with_launch(environment: Mapping[str, str], launch: Launch, places: Mapping[str, str]) -> dict[str, str]:
    """The environment with a runtime's additions, and HOME and TMPDIR (`places`) unless the job sets its own."""
    merged = {**places, **environment, **launch.environment}
    merged["PATH"] = ":".join([*launch.path, merged["PATH"]])
    return merged


def visible_paths(launch: Launch, search_path: Sequence[str]) -> tuple[str, ...]:
    """Every path that a launch names, and where it leads: what a private /tmp must not hide."""
    named = [word for word in launch.argv if word.startswith("/")]
    for value in (*launch.environment.values(), *launch.path):
        named += [part for part in value.split(":") if part.startswith("/")]
    named += [*search_path, sys.prefix, sys.base_prefix, *(part for part in sys.path if part.startswith("/"))]
    return tuple(dict.fromkeys(path for name in named for path in (name, os.path.realpath(name))))
