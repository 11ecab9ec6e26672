"""Patterns that name tables on an endpoint: `endpoint:schema.table`, with `*`, `?` and `[…]`.

A part in backticks is taken literally, dots and stars included: old:shop.`a.b*`. Without backticks the last part keeps
its dots where the engine's names have a fixed number of parts, so that `old:shop.a.b` is the table `a.b`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from migrate.model.table import ObjectRef, TableName, spell

_PART = re.compile(r"`((?:[^`]|``)*)`|([^`.]*)")


class Part(msgspec.Struct, frozen=True):
    """One part of a pattern: `text` is a glob unless `literal`."""

    text: str
    literal: bool = False

    def matches(self, name: str) -> bool:
        """Whether `name` fits, case and all."""
        return self.text == name if self.literal else _glob(self.text).match(name) is not None

    @property
    def fixed(self) -> bool:
        """Whether only one name can fit."""
        return self.literal or not any(sign in self.text for sign in "*?[")

    def __str__(self) -> str:
        return spell(self.text) if self.literal else self.text


class Pattern(msgspec.Struct, frozen=True):
    """`endpoint:schema.table`; `catalog` only for engines that have one."""

    endpoint: str
    schema: Part
    name: Part
    catalog: Part | None = None

    def matches(self, table: TableName) -> bool:
        """Whether the table of that name is meant."""
        if self.catalog is not None and not self.catalog.matches(table.catalog):
            return False
        return self.schema.matches(table.schema) and self.name.matches(table.name)

    @property
    def tables(self) -> str:
        """The pattern without its endpoint."""
        return ".".join(str(part) for part in (self.catalog, self.schema, self.name) if part is not None)

    def __str__(self) -> str:
        return f"{self.endpoint}:{self.tables}"


def all_of(endpoint: str, schema: str) -> Pattern:
    """Everything in the schema of exactly that name."""
    return Pattern(endpoint, Part(schema, literal=True), Part("*"))


@lru_cache(maxsize=4096)
def _glob(text: str) -> re.Pattern[str]:
    out, i = [], 0
    while i < len(text):
        sign = text[i]
        i += 1
        if sign == "*":
            out.append(".*")
        elif sign == "?":
            out.append(".")
        elif sign == "[" and (end := text.find("]", i + 1)) > 0:
            inside = text[i:end].replace("\\", "\\\\")
            out.append(f"[{'^' + inside[1:] if inside.startswith('!') else inside}]")
            i = end + 1
        else:
            out.append(re.escape(sign))
    return re.compile("".join(out) + r"\Z", re.DOTALL)


def glob_matches(glob: str, text: str) -> bool:
    """Whether the whole of `text` fits `glob`."""
    return _glob(glob).match(text) is not None


def _parts(text: str, count: int) -> tuple[Part, ...]:
    """At most `count` parts; what is left after `count - 1` dots is the last one. ValueError says what is wrong."""
    parts: list[Part] = []
    at = 0
    while True:
        if len(parts) == count - 1 and not text.startswith("`", at):
            parts.append(Part(text[at:]))
            return tuple(parts)
        found = _PART.match(text, at)
        if found is None:  # cannot happen: the second alternative matches the empty text
            raise ValueError(f"cannot read {text[at:]!r}")
        quoted, bare = found.groups()
        parts.append(Part(quoted.replace("``", "`"), literal=True) if quoted is not None else Part(bare))
        at = found.end()
        if at == len(text):
            return tuple(parts)
        if text[at] != ".":
            raise ValueError(f"unexpected {text[at:]!r}")
        at += 1
        if len(parts) == count:
            raise ValueError(f"more than {count} parts")


def parse_pattern(text: str, catalogs: bool = False) -> Pattern:
    """Read `endpoint:schema.table`, with `catalogs` `endpoint:catalog.schema.table`. ValueError says what is wrong."""
    endpoint, colon, rest = text.partition(":")
    if not colon or not endpoint or "." in endpoint:
        raise ValueError("the endpoint is missing")
    names = ("catalog", "schema", "table") if catalogs else ("schema", "table")
    parts = _parts(rest, len(names))
    if len(parts) != len(names) or any(not part.text for part in parts):
        raise ValueError(f"expected {'.'.join(names)} after {endpoint!r}")
    if catalogs:
        return Pattern(endpoint, parts[1], parts[2], parts[0])
    return Pattern(endpoint, parts[0], parts[1])


@lru_cache(maxsize=1 << 14)
def parse_object(text: str, catalogs: bool = False) -> ObjectRef:
    """Read what `str(ObjectRef)` wrote. ValueError says what is wrong."""
    pattern = parse_pattern(text, catalogs)
    catalog = pattern.catalog.text if pattern.catalog else ""
    return ObjectRef(pattern.endpoint, TableName(pattern.schema.text, pattern.name.text, catalog))


def endpoint_of(text: str) -> str:
    """The endpoint in `endpoint:schema.table` or `endpoint:schema`."""
    return text.partition(":")[0]


def parse_schema(text: str) -> tuple[str, TableName]:
    """Read `endpoint:schema`, the target of a step that makes a schema; the name has an empty table."""
    ref = parse_object(f"{text}.*")
    return ref.endpoint, TableName(ref.table.schema, "", ref.table.catalog)
