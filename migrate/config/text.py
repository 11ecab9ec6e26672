"""Text of a configuration: variables in values, TOML and YAML into plain values. The only door to PyYAML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

_SIGN = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<inside>[^}]*)\}|(?P<open>\{))")
_INSIDE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)


class TextError(ValueError):
    """What is wrong with a text, without its place; never shows a variable's value."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


def expand(text: str, env: Mapping[str, str]) -> str:
    """`text` with its variables filled in. A default counts when the variable is not set or empty, as in a shell."""

    def fill(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        inside = _INSIDE.fullmatch(found["inside"] or "")
        if inside is None or "${" in (inside["default"] or ""):
            hint = "write ${NAME} or ${NAME:-default}, the default without variables; $$ is a dollar sign"
            raise TextError(f"cannot read {found.group()!r}", hint)
        name, default = inside["name"], inside["default"]
        if default is not None:
            return env.get(name) or default
        if name not in env:
            raise TextError(f"the environment variable {name} is not set", f"export {name}=...")
        return env[name]

    filled = _SIGN.sub(fill, text)
    try:
        filled.encode()
    except UnicodeEncodeError as error:
        raise TextError("the value is not valid UTF-8") from error
    return filled


def variables(value: object) -> tuple[str, ...]:
    """Names of the variables in every text of `value`, in their order."""
    if isinstance(value, str):
        insides = (_INSIDE.fullmatch(found["inside"] or "") for found in _SIGN.finditer(value))
        return tuple(dict.fromkeys(inside["name"] for inside in insides if inside))
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return tuple(dict.fromkeys(name for item in items for name in variables(item)))


def parse_toml(text: str) -> object:
    """Plain values. Raises `TextError` with line and column."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise TextError("it is not TOML: nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError, and numbers too long for int()
        raise TextError(f"it is not TOML: {error}") from error


class _Loader(yaml.SafeLoader):
    """A key that is there twice would otherwise win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} twice", key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> object:
    """Plain values. Raises `TextError` with line and column."""
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (at line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise TextError(f"it is not YAML: {error.problem or error.context}{where}") from error
    except RecursionError as error:
        raise TextError("it is not YAML: nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 2024-02-31 looks like a date
        raise TextError(f"it is not YAML: {error}") from error
    finally:
        if loader is not None:
            loader.dispose()
