"""Training on several hosts together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xgboost

from headgate_runtimes.algorithms.xgboost.group import join_hosts, tracker_port


def rabit_run(
    exec_fun: Callable[..., Any],
    args: Mapping[str, Any],
    include_in_training: bool,
    hosts: Sequence[str],
    current_host: str,
    first_port: int | None = None,
    second_port: int | None = None,
    max_connect_attempts: int | None = None,
    connect_retry_timeout: int = 10,
    update_rabit_args: bool = False,
) -> None:
    """Call a function on every host at once, so that `xgboost.train` inside it trains one model on all their data.

    Every host must take part. `first_port` is where they meet; the other settings belong to how the container did it.
    """
    del second_port, max_connect_attempts, connect_retry_timeout
    if not include_in_training:
        raise ValueError(f"host {current_host} has no training data: on the local cloud every host must have some")
    arguments = dict(args)
    if update_rabit_args:
        arguments["is_master"] = current_host == min(hosts)
    port = first_port or tracker_port(os.environ.get("TRAINING_JOB_NAME", ""))
    with join_hosts(xgboost, tuple(hosts), current_host, port):
        exec_fun(**arguments)
