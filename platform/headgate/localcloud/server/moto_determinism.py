"""Makes moto's randomness and clock ours, so that a journal replays to the same ids and times.

Three seams, each held by tests/contract/test_moto_determinism.py:
- modules of moto that reach for `random`, `uuid`, `os.urandom`, `time` or `datetime` find our stand-ins instead
  (swapped in right after such a module is imported);
- `moto.moto_api._internal.mock_random` draws from the current thread's moment;
- a backend (one service of one account in one region) is created from a seed of its own, whichever request comes
  first, so that default VPCs and the like keep their ids.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.abc
import importlib.machinery
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_FROZEN_SECONDS = 30.0


class Moment:
    """When and with which seed a request happens. Time stands still for its first half minute.

    It stands still so that what is written again on replay carries the same timestamps, however long the first import
    of a service takes, and it moves on afterwards so that a loop that waits for time to pass ends.
    """

    def __init__(self, seed: str, now: float) -> None:
        self.random = random.Random(seed)
        self._now = now
        self._started = time.monotonic()

    def now(self) -> float:
        elapsed = time.monotonic() - self._started
        return self._now if elapsed < _FROZEN_SECONDS else self._now + elapsed


class _Thread(threading.local):
    moment: Moment | None = None


_thread = _Thread()
_system = random.SystemRandom()
_clock: Callable[[], float] = time.time
_epoch = 0.0


@contextmanager
def at(moment: Moment) -> Iterator[None]:
    """Let moto see this moment in this thread."""
    before = _thread.moment
    _thread.moment = moment
    try:
        yield
    finally:
        _thread.moment = before


def _source() -> random.Random:
    return _thread.moment.random if _thread.moment else _system


def _now() -> float:
    return _thread.moment.now() if _thread.moment else _clock()


class _Instances(type):
    """Dates made by anyone count as ours in `isinstance`."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, dt.datetime)


class MotoDatetime(dt.datetime, metaclass=_Instances):
    """`datetime.datetime` whose present is the moment's."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> MotoDatetime:
        return cls.fromtimestamp(_now(), tz)

    @classmethod
    def utcnow(cls) -> MotoDatetime:
        return cls.fromtimestamp(_now(), dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> MotoDatetime:
        return cls.fromtimestamp(_now())


class Shadow(ModuleType):
    """A module with some names replaced; everything else is the module's own."""

    def __init__(self, module: ModuleType, names: Mapping[str, object]) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(names)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_module"], name)


def _urandom(size: int) -> bytes:
    return _source().getrandbits(size * 8).to_bytes(size, "little") if size else b""


def _uuid4() -> uuid.UUID:
    return uuid.UUID(int=_source().getrandbits(128), version=4)


def _uuid1(*_: object) -> uuid.UUID:
    return uuid.UUID(int=_source().getrandbits(128), version=1)


class ThreadRandom(random.Random):
    """The standard library's `random` functions, drawn from the current thread's moment."""

    def random(self) -> float:
        return _source().random()

    def getrandbits(self, k: int, /) -> int:
        return _source().getrandbits(k)


def _swaps() -> list[tuple[object, object]]:
    """What to look for in a module's names, and what to put there."""
    shared = ThreadRandom()
    return [
        (dt.datetime, MotoDatetime),
        (dt, Shadow(dt, {"datetime": MotoDatetime})),
        (time, Shadow(time, {"time": _now})),
        (time.time, _now),
        (random, Shadow(random, {name: getattr(shared, name) for name in _random_functions()})),
        (uuid, Shadow(uuid, {"uuid4": _uuid4, "uuid1": _uuid1})),
        (uuid.uuid4, _uuid4),
        (uuid.uuid1, _uuid1),
        (os, Shadow(os, {"urandom": _urandom})),
        (os.urandom, _urandom),
    ]


def _random_functions() -> list[str]:
    return ["random", "getrandbits", "randint", "randrange", "choice", "choices", "sample", "shuffle", "uniform"]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules of moto as always, and swaps names once they have run."""

    def __init__(self) -> None:
        self._swaps: dict[int, tuple[object, object]] = {}
        self._after: dict[str, Callable[[], None]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("moto."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader, self.loaded)
        return spec

    def loaded(self, module: ModuleType) -> None:
        """A module of moto's has run: swap its names, and do what was to be done then."""
        self.swap(module)
        work = self._after.get(module.__name__)
        if work is not None:
            work()

    def after(self, module: str, work: Callable[[], None]) -> None:
        self._after[module] = work

    def also(self, swaps: list[tuple[object, object]]) -> None:
        self._swaps.update({id(old): (old, new) for old, new in swaps})

    def swap(self, module: ModuleType) -> None:
        for name, value in list(vars(module).items()):
            found = self._swaps.get(id(value))
            if found is not None:
                setattr(module, name, found[1])


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.machinery.SourceFileLoader, loaded: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._loaded = loaded

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with at(Moment(f"module/{module.__name__}", _epoch)):  # whichever request is the first to need it
            self._loader.exec_module(module)
        self._loaded(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


_finder = _Finder()


def install(clock: Callable[[], float], epoch: float) -> None:
    """Take over moto's randomness and time in this process; call it before moto is imported, once.

    `clock` tells the time outside a moment, `epoch` is when backends come into being, in seconds since 1970.
    """
    global _clock, _epoch
    _clock, _epoch = clock, epoch
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
        swap_names(_swaps())
        swap_names(_faster())
    _patch_mock_random()
    _patch_backends()


def swap_names(swaps: list[tuple[object, object]]) -> None:
    """Have every module of moto, imported or not, find the second of each pair under the first one's names."""
    _finder.also(swaps)
    for name, module in list(sys.modules.items()):
        if name.startswith("moto."):
            _finder.swap(module)


def once_imported(module: str, work: Callable[[], None]) -> None:
    """Do something as soon as a module of moto's has been imported, or now: patches themselves import nothing."""
    _finder.after(module, work)
    if module in sys.modules:
        work()


def _faster() -> list[tuple[object, object]]:
    """Functions of moto's that take most of a request's time, and the same at a tenth of the cost."""
    from moto.core import utils

    def unix_time(moment: dt.datetime | None = None) -> float:
        return _now() if moment is None else original(moment)

    def unix_time_millis(moment: dt.datetime | None = None) -> float:
        return unix_time(moment) * 1000.0

    original = utils.unix_time
    return [
        (utils.unix_time, unix_time),
        (utils.unix_time_millis, unix_time_millis),
        (utils.method_names_from_class, functools.cache(utils.method_names_from_class)),
        (utils.camelcase_to_underscores, functools.cache(utils.camelcase_to_underscores)),
    ]


def _patch_mock_random() -> None:
    from moto.moto_api._internal.moto_random import MotoRandom

    patch(MotoRandom, "random", ThreadRandom.random)
    patch(MotoRandom, "getrandbits", ThreadRandom.getrandbits)


def _patch_backends() -> None:
    from moto.core.base_backend import AccountSpecificBackend, BackendDict

    in_region = AccountSpecificBackend.__getitem__
    of_account = BackendDict._create_account_specific_backend  # noqa: SLF001 - the seam
    if getattr(in_region, "headgate", False):
        return

    def seeded_region(self: Any, region: str) -> Any:
        if dict.__contains__(self, "aws" if region == "global" else region):
            return in_region(self, region)
        with at(Moment(f"backend/{self.service_name}/{self.account_id}/{region}", _epoch)):
            return in_region(self, region)

    def seeded_account(self: Any, account: str) -> None:
        if not dict.__contains__(self, account):
            with at(Moment(f"account/{self.service_name}/{account}", _epoch)):
                of_account(self, account)

    seeded_region.headgate = True  # type: ignore[attr-defined]
    patch(AccountSpecificBackend, "__getitem__", seeded_region)
    patch(BackendDict, "_create_account_specific_backend", seeded_account)


def patch(owner: object, name: str, value: object) -> None:
    """Replace an attribute of moto's; a name that moto no longer has is an error, not a new attribute."""
    getattr(owner, name)
    setattr(owner, name, value)
