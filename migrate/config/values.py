"""Values of a configuration as they are read: filled in, of the right type, each with its origin and its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar, get_args

import msgspec

from migrate.config.text import TextError, expand, variables
from migrate.config.tree import Config, Options, Rate, join
from migrate.errors import BadConfig
from migrate.model.plan import EndpointRef, Move, S3Ref
from migrate.model.rate import checked_rate, parse_rate

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_PLACE = re.compile(r" - at `\$(.*)`\Z")
_UNKNOWN_TYPE = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "object": "a table"}
_WORDS |= {"array": "a list", "list": "a list", "dict": "a table", "null": "nothing", "NoneType": "nothing"}
_WORDS |= {"datetime": "a date", "date": "a date", "time": "a time of day"}

# What design and other versions have, and this one does not.
_LATER: Mapping[type[msgspec.Struct], tuple[str, ...]] = {
    Config: (),
    EndpointRef: ("identity",),
    S3Ref: (),
    Move: (),
    Options: (),
}

_T = TypeVar("_T", bound=msgspec.Struct)


class Values:
    """One reading of one document: remembers where values come from, and raises `BadConfig` with their places."""

    def __init__(self, path: str, env: Mapping[str, str]) -> None:
        self.path = path
        self.env = env
        self.origin: dict[str, str] = {}

    def fail(self, place: str, why: str, hint: str = "") -> NoReturn:
        """Raises `BadConfig`."""
        raise BadConfig(self.path, place, why, hint)

    def check_name(self, name: object, place: str) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            hint = "start with a letter, then letters, digits, _ and - (100 at most)"
            self.fail(place, f"{name!r} is not a name that works here", hint)

    def table(
        self,
        content: object,
        kind: type[msgspec.Struct],
        place: str,
        *,
        skip: tuple[str, ...] = (),
        verbatim: tuple[str, ...] = (),
        foreign: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Filled-in values of a table whose keys are all known, without those of `skip`; notes their origins.

        `verbatim` are not filled in; `foreign` are keys that mean nothing here, and why.
        """
        if not isinstance(content, dict):
            self.fail(place, f"expected a table, got {word(type(content).__name__)}")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        others = foreign or {}
        known = [key for key in fields if key not in _LATER[kind] and key not in others]
        for key in content:
            if key in _LATER[kind]:
                self.fail(join(place, key), "not supported in this version", "leave it out")
            if key in others:
                self.fail(join(place, key), others[key], "leave it out")
            if key not in known:
                near = difflib.get_close_matches(str(key), (*known, *_LATER[kind]), 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
                if near and near[0] not in known:
                    hint += " It is not supported in this version"
                self.fail(join(place, key), "unknown key", hint)
        values: dict[str, Any] = {}
        for key in known:
            if key in skip:
                continue
            dotted = join(place, key).removeprefix("$.")
            self.origin[dotted] = self.came_from(content[key]) if key in content else "default"
            if key in content:
                value = content[key] if key in verbatim else self.fill(content[key], join(place, key))
                template = isinstance(content[key], str) and variables(content[key])
                if fields[key].type is Rate:
                    values[key] = self.rate(value, join(place, key))
                else:
                    values[key] = self.number(value, fields[key].type, join(place, key)) if template else value
        return values

    def came_from(self, value: object) -> str:
        names = ", ".join(name for name in variables(value) if name in self.env)
        if self.path == "environment":
            return f"environment {names}" if names else "default"
        return f"{self.path}, environment {names}" if names else self.path

    def fill(self, value: Any, place: str) -> Any:
        """Every text in `value` with its variables filled in."""
        if isinstance(value, str):
            try:
                return expand(value, self.env)
            except TextError as error:
                raise BadConfig(self.path, place, str(error), error.hint) from error
        if isinstance(value, list):
            return [self.fill(item, f"{place}[{number}]") for number, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self.fill(item, join(place, key)) for key, item in value.items()}
        return value

    def number(self, text: str, kind: object, place: str) -> object:
        """A variable is always text: make it what the field wants."""
        if kind is bool or bool in get_args(kind):
            if text.lower() not in ("true", "false"):
                self.fail(place, f"expected true or false, got {text!r}")
            return text.lower() == "true"
        if kind is int:
            if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
                self.fail(place, f"expected a whole number, got {text!r}")
            return int(text)
        return text

    def rate(self, value: object, place: str) -> object:
        """Text with a unit becomes a number; what is neither text nor a number is for `convert` to refuse."""
        try:
            if isinstance(value, str):
                return parse_rate(value)
            return checked_rate(value) if type(value) is int else value
        except ValueError as error:
            self.fail(place, str(error))

    def convert(self, values: Mapping[str, Any], kind: type[_T], place: str) -> _T:
        """The Struct, or the place of what has the wrong type."""
        try:
            return msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            message = str(error)
            found = _PLACE.search(message)
            why = message[: found.start()] if found else message
            where = place + (found.group(1) if found else "")
            wrong = _UNKNOWN_TYPE.fullmatch(why)
            hint = ""
            if wrong and wrong.group(1) == "str":
                hint = "put it in quotes" if wrong.group(2) != "object" else "put the whole name before = in quotes"
            if wrong:
                why = f"expected {word(wrong.group(1))}, got {word(wrong.group(2))}"
            raise BadConfig(self.path, where, why, hint) from error


def word(name: str) -> str:
    return " or ".join(_WORDS.get(one, one) for one in name.split(" | "))
