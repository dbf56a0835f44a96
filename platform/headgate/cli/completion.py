"""`headgate completion bash|zsh|fish`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    bash: headgate completion bash > ~/.local/share/bash-completion/completions/headgate
    zsh:  headgate completion zsh > a file `_headgate` in a folder of $fpath
    fish: headgate completion fish > ~/.config/fish/completions/headgate.fish
    """
    from headgate.cli.main import cli

    kind = get_completion_class(shell)
    if kind is not None:
        print(kind(cli, {}, "headgate", "_HEADGATE_COMPLETE").source())
