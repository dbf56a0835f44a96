"""Whether a failed state is tried again, and when. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.localcloud.seams import Json
from headgate.localcloud.states.failures import matches

_INTERVAL = 1
_ATTEMPTS = 3
_RATE = 2.0
_LONGEST = 99_999_999.0


@dataclass(frozen=True, slots=True)
class Retrial:
    """The next try: after `delay` seconds; `retries` are the retries made by then, by rule."""

    delay: float
    retries: tuple[int, ...]


def retrial(rules: list[Json], retries: tuple[int, ...], error: str, fraction: float) -> Retrial | None:
    """What the first rule that names the error says; None when no rule does, or its attempts are used up.

    `fraction` is a random number from 0 to 1, for the jitter.
    """
    for number, rule in enumerate(rules):
        if not matches(error, rule["ErrorEquals"]):
            continue
        counts = [*retries, *[0] * (len(rules) - len(retries))]
        if counts[number] >= rule.get("MaxAttempts", _ATTEMPTS):
            return None
        delay = min(_backoff(rule, counts[number]), rule.get("MaxDelaySeconds", _LONGEST))
        counts[number] += 1
        return Retrial(delay * fraction if rule.get("JitterStrategy") == "FULL" else delay, tuple(counts))
    return None


def _backoff(rule: Json, made: int) -> float:
    try:
        return float(rule.get("IntervalSeconds", _INTERVAL) * rule.get("BackoffRate", _RATE) ** made)
    except OverflowError:
        return _LONGEST


def catcher(rules: list[Json], error: str) -> Json | None:
    """The first Catch rule that names the error."""
    return next((rule for rule in rules if matches(error, rule["ErrorEquals"])), None)
