"""GitLab's `rules`, evaluated for given variables: the subset that this project's files use."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_TERM = re.compile(r"""^(?P<left>\$\w+|"[^"]*")(?: (?P<operator>==|!=|=~) (?P<right>\$\w+|"[^"]*"|null|/.*/))?$""")


def matches(condition: str, variables: Mapping[str, str]) -> bool:
    """Return whether the expression of an `if` is true."""
    return any(all(_is_true(term.strip(), variables) for term in terms.split("&&")) for terms in condition.split("||"))


def _is_true(term: str, variables: Mapping[str, str]) -> bool:
    found = _TERM.match(term)
    assert found, f"{term}: expected an expression that {__name__} can evaluate"
    left = _value(found["left"], variables)
    if found["operator"] is None:
        return bool(left)
    if found["operator"] == "=~":
        return re.search(found["right"].strip("/"), left or "") is not None
    return (left == _value(found["right"], variables)) == (found["operator"] == "==")


def _value(word: str, variables: Mapping[str, str]) -> str | None:
    return variables.get(word[1:]) if word.startswith("$") else word.strip('"') if word != "null" else None


def applies(rules: Iterable[dict[str, Any]], variables: Mapping[str, str]) -> bool:
    """Return whether the first rule that matches adds the job. `changes` counts as true: it may be."""
    first = next((rule for rule in rules if matches(rule.get("if", '"true"'), variables)), {"when": "never"})
    return first.get("when") != "never"
