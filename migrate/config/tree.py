"""Every key of the configuration, and what reading one gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NewType

import msgspec

from migrate.model.plan import EndpointRef, Move

_MASKED = "********"
Rate = NewType("Rate", int)
"""Bytes a second; a configuration may say them with a unit."""
INHERITED = ("dated_tables", "definer")
"""Keys of a move that `[options]` has too, for the moves that do not say their own."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much runs at once: pieces of work in all, and on one server (1 to 1000); and what moves do by default.

    `max_rate` is how many bytes of rows, or files, move in a second, in all; 0: as many as can.
    `dated_tables` and `definer` hold for the moves that do not say their own, see `Move`; reading resolves them.
    """

    parallelism: int = 8
    per_server: int = 4
    max_rate: Rate = Rate(0)
    dated_tables: bool | tuple[str, ...] = False
    definer: str = "keep"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every key. Passwords are templates; everything else is filled in."""

    name: str
    endpoint: dict[str, EndpointRef]
    move: tuple[Move, ...] = ()
    options: Options = Options()
    allow_literal_password: bool = False


class Loaded(msgspec.Struct, frozen=True):
    """A configuration, the file it came from (or `environment`), and the origin of each dotted key.

    `secrets`: passwords that the file holds literally, by endpoint; never to be shown or written.
    """

    config: Config
    path: str
    origin: Mapping[str, str]
    secrets: Mapping[str, str]


class Setting(NamedTuple):
    """One key as `migrate show-config` shows it; secrets are masked."""

    key: str
    value: str
    origin: str


def describe(loaded: Loaded) -> tuple[Setting, ...]:
    """Every key with its value and origin, in the order of the file; a password shows its variable or a mask."""
    config = loaded.config
    shown = {"name": config.name, "allow_literal_password": config.allow_literal_password}
    for name, ref in config.endpoint.items():
        masked = msgspec.structs.replace(ref, password=_MASKED) if name in loaded.secrets else ref
        shown |= _flat(f"endpoint.{name}", masked)
    for number, move in enumerate(config.move):
        shown |= _flat(f"move[{number}]", move)
    shown |= _flat("options", config.options)
    return tuple(Setting(key, _show(value), loaded.origin[key]) for key, value in shown.items() if key in loaded.origin)


def _flat(prefix: str, value: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        item = getattr(value, name)
        nested = {f"{prefix}.{key}": item} if isinstance(item, msgspec.Struct) else {}
        if key == "bucket":
            nested = {join(f"{prefix}.{key}", one): store for one, store in item.items()}
        for place, one in nested.items():
            found |= _flat(place, one)
        if not nested:
            found[f"{prefix}.{key}"] = item
    return found


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {item}" for key, item in value.items())
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def join(place: str, key: object) -> str:
    """The place of a key in the document: `$.move[0].where['a.b']`."""
    return f"{place}.{key}" if isinstance(key, str) and re.fullmatch(r"[\w-]+", key) else f"{place}[{key!r}]"
