"""Work on a graph in parallel: each node after those that it needs, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

WORKERS = 8


class Interrupted(Exception):  # noqa: N818 - nothing is wrong: the cloud goes down, and takes up the operation again
    """The cloud is being stopped; what is under way stays as it is and is taken up at the next start."""


def walk(
    needs: Mapping[str, frozenset[str]],
    work: Callable[[str], None],
    *,
    keep_going: bool = False,
    workers: int = WORKERS,
) -> dict[str, Exception]:
    """Do the work of every node once its needs are done; what failed, by node.

    After a failure nothing new is begun, what has been begun is waited for; with `keep_going`, whatever does not need
    what failed is done as well. Raises Interrupted when any of the work does.
    """
    waiting = {name: set(among) & set(needs) for name, among in needs.items()}
    failed: dict[str, Exception] = {}
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="stack") as pool:
        while True:
            free = [name for name, left in waiting.items() if not left] if keep_going or not failed else []
            for name in free:
                del waiting[name]
                running[pool.submit(work, name)] = name
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                _note(running.pop(future), future, waiting, failed)
    for error in failed.values():
        if isinstance(error, Interrupted):
            raise error
    return failed


def _note(name: str, done: Future[None], waiting: dict[str, set[str]], failed: dict[str, Exception]) -> None:
    """Free what waited for a node, or keep its failure."""
    error = done.exception()
    if isinstance(error, Exception):
        failed[name] = error
        return
    done.result()
    for left in waiting.values():
        left.discard(name)


def reverse(needs: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The graph by which things are taken away: each after those that need it."""
    return {name: frozenset(other for other, among in needs.items() if name in among) for name in needs}
