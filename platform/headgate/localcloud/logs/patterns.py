"""Filter patterns for unstructured messages: terms, "quoted phrases", -exclusions and ?alternatives.

Terms are case-sensitive and found anywhere in the message. All plain terms must be there, no excluded one may, and of
alternatives at least one must. JSON patterns, space-delimited patterns and regular expressions are not supported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headgate.localcloud.errors import unsupported
from headgate.localcloud.logs.errors import invalid_parameter

_TERM = re.compile(r'\s*(?P<sign>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>\w+))(?=\s|$)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class FilterPattern:
    """What a message must contain, must not contain, and of which it must contain one."""

    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()

    def matches(self, message: str) -> bool:
        return (
            all(term in message for term in self.required)
            and not any(term in message for term in self.excluded)
            and (not self.alternatives or any(term in message for term in self.alternatives))
        )


def parse_pattern(pattern: str) -> FilterPattern:
    """Read a filter pattern; an empty one matches everything.

    Raises AwsError: InvalidParameterException for what is no pattern, 501 for the kinds that are not supported.
    """
    text = pattern.strip()
    kinds = {"{": "JSON filter patterns", "[": "space-delimited filter patterns"}
    if text[:1] in kinds:
        raise unsupported(f"{kinds[text[0]]} of CloudWatch Logs")
    if "%" in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        raise unsupported("regular expressions in filter patterns of CloudWatch Logs")
    terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise invalid_parameter(
                f"invalid character(s) in term '{text[position:].strip()}': terms of more than letters, digits and "
                "underscores must be in double quotes"
            )
        phrase = match["phrase"]
        terms[match["sign"]].append(match["word"] if phrase is None else re.sub(r"\\(.)", r"\1", phrase))
        position = match.end()
    if terms["?"] and (terms[""] or terms["-"]):
        raise unsupported("filter patterns of CloudWatch Logs that combine ?alternatives with other terms")
    return FilterPattern(tuple(terms[""]), tuple(terms["-"]), tuple(terms["?"]))
