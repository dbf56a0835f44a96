"""`headgate completion bash|zsh|fish`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from headgate.cli.common import Options, emit, output_option
from headgate.errors import FailedError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@output_option
def command(shell: str, output: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: headgate completion bash > ~/.headgate-completion.bash
          and in ~/.bashrc: source ~/.headgate-completion.bash
    zsh:  headgate completion zsh > _headgate, in a folder of $fpath
    fish: headgate completion fish > ~/.config/fish/completions/headgate.fish
    """  # noqa: D301 - click's mark is the character, which a raw text would not hold
    from headgate.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise FailedError(f"this version of click completes no {shell}")
    script = kind(cli, {}, "headgate", "_HEADGATE_COMPLETE").source()
    emit(Options(output=output), {"shell": shell, "script": script}, lambda: script)
