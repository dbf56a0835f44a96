"""The executions of a project's pipelines in one cloud: finding the one that a command is about, and following it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headgate.cli.common import Options, open_project
from headgate.cli.sessions import connect
from headgate.errors import FailedError, UserError
from headgate.spec.suggest import one_of
from headgate.views.runs import RunView, exists, list_runs, read_run, tagged_pipelines

if TYPE_CHECKING:
    from headgate.aws.sessions import Session
    from headgate.plugins.session import OpenProject


def open_executions(options: Options, target: str) -> Executions:
    """Open the project and connect to its cloud. Raises HeadgateError."""
    opened = open_project(options)
    return Executions(opened, connect(opened, target))


@dataclass(frozen=True)
class Executions:
    """A project and the cloud in which its pipelines run."""

    opened: OpenProject
    session: Session

    @property
    def sagemaker(self) -> Any:
        return self.session.client("sagemaker")

    def pipelines(self) -> list[str]:
        """The pipelines of the project as the cloud names them: only SDK code can differ from headgate.yaml."""
        from headgate.pipelines import project_pipelines

        names = set(project_pipelines(self.opened))
        if self.opened.project.pipelines:
            names |= set(tagged_pipelines(self.sagemaker, self.opened.project.name))
        return sorted(names)

    def list(self, pipeline: str | None, limit: int) -> list[RunView]:
        """The newest of one pipeline, or of all. Raises UserError for a pipeline that nobody knows."""
        names = [pipeline] if pipeline else self.pipelines()
        runs = [run for name in names for run in list_runs(self.sagemaker, name, limit=limit)]
        if pipeline and not runs:
            self._require_pipeline(pipeline)
        return runs

    def find(self, asked: str | None) -> str:
        """The ARN of an execution named by its id or ARN, or the newest of the project. Raises UserError."""
        if asked and asked.startswith("arn:") and exists(self.sagemaker, asked):
            return asked
        runs = self.list(None, limit=1 if asked is None else 1000)
        if asked is None and runs:
            return max(runs, key=lambda run: run.started or 0.0).arn
        for run in runs:
            if run.id == asked:
                return run.arn
        raise UserError(
            f"there is no execution '{asked}'" if asked else "there are no executions yet",
            where=str(self.opened.project.file),
            next_command="headgate runs list" if asked else "headgate run",
        )

    def read(self, asked: str | None) -> RunView:
        """As `find`, with its steps."""
        return read_run(self.sagemaker, self.find(asked))

    def follow(self, arn: str) -> Iterator[RunView]:
        """The execution each time it looks different, until it has ended. Raises FailedError when the cloud is gone."""
        from headgate.actions.execute import follow

        try:
            yield from follow(self.sagemaker, arn, wait=time.sleep, interval=self.session.poll_seconds)
        except FailedError as error:
            identifier = arn.rsplit("/", 1)[1]
            goes_on = "show" if self.session.target == "aws" else "retry"
            raise FailedError(
                f"execution {identifier} cannot be followed to its end: {error.message}",
                next_command=f"headgate runs {goes_on} {identifier}",
            ) from error

    def watch(self, arn: str, *, quiet: bool) -> tuple[RunView, bool]:
        """Show an execution until it has ended; Ctrl-C stops it. The end, and whether it was interrupted."""
        from headgate.actions.execute import stop
        from headgate.cli.progress import progress

        views = self.follow(arn)
        run = next(views)
        try:
            with progress(quiet=quiet) as display:
                display.show(run)
                for run in views:
                    display.show(run)
        except KeyboardInterrupt:
            print("stopping the execution; Ctrl-C again leaves it to stop by itself", file=sys.stderr)
            stop(self.sagemaker, arn)
            *_, run = self.follow(arn)
            return run, True
        return run, False

    def _require_pipeline(self, asked: str) -> None:
        names = self.pipelines()
        if asked not in names:
            raise UserError(
                f"project '{self.opened.project.name}' has no pipeline '{asked}'",
                where=str(self.opened.project.file),
                expected=one_of(asked, names),
                next_command="headgate runs list",
            )
