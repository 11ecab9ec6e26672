"""Names in the words of stored objects, found by tokens and replaced at their offsets: every other byte stays.

Pure functions. A name is replaced where it is certain what it names (see `places`). Where that cannot be told, and the
answer would make a difference, `UnreadableDdl` says why; where nothing changes its name, nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import msgspec

from migrate.engines.base import Renames
from migrate.engines.mysql.places import Name, names
from migrate.errors import UnreadableDdl
from migrate.model.table import TableName
from migrate.sql import Token, quote, tokens, versioned_comments

Edit = tuple[int, int, str]
"""Replace `text[start:end]` by this."""

_STATEMENT = re.compile(
    r"\s*(?:select|insert|update|delete|replace|call|create|alter|drop|truncate|with|lock|rename|analyze|optimize)\b",
    re.IGNORECASE,
)
_ROWS = ("old", "new")


class Scope(msgspec.Struct, frozen=True):
    """Where words are read: names without a schema belong to `home`, and will be looked for in `goal` on the target.

    `sql_mode` is the object's own: it says what a quote is.
    """

    home: str
    goal: str
    sql_mode: str = ""


def rename_names(text: str, renames: Renames, scope: Scope, start: int = 0) -> str:
    """`text` with every name from `start` on as `renames` says; strings, comments and aliases stay.

    Raises `UnreadableDdl`.
    """
    return spliced(text, name_edits(text, renames, scope, start))


def mentions(text: str, renames: Renames, scope: Scope) -> bool:
    """Whether a name that changes may be in the text at all."""
    return _Changes(renames, scope).any_in(text)


def spliced(text: str, edits: Iterable[Edit]) -> str:
    """`text` after these edits, none of which overlaps another."""
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(edits):
        pieces += [text[done:start], new]
        done = end
    return "".join(pieces) + text[done:]


def target_of(name: TableName, renames: Renames) -> TableName:
    """Where the table, view or sequence of that name goes."""
    return renames.objects.get(name) or TableName(renames.schemas.get(name.schema, name.schema), name.name)


def name_edits(
    text: str, renames: Renames, scope: Scope, start: int = 0, found: Sequence[Token] | None = None
) -> list[Edit]:
    """What must be replaced in `text` from `start` on; `found` are its tokens, if known. Raises `UnreadableDdl`."""
    changes = _Changes(renames, scope)
    if not changes.any_in(text[start:]):
        return []
    found = found or tokens(text, sql_mode=scope.sql_mode)
    spans = [(token.start, token.end) for token in found]
    here = tuple(name for name in names(text, found) if spans[name.at[0]][0] >= start)
    strings = [token.text for token in found if token.kind == "string"]
    words = {token.text for token in found if token.kind == "word"}
    _refuse_hidden(text, changes, strings, words)
    if "MSSQL" in scope.sql_mode.split(",") and any(token.text == "[" for token in found):
        raise UnreadableDdl(text, "its names may stand in brackets, by its sql_mode MSSQL")
    return [(*spans[at], new) for name in here for at, new in _replaced(text, name, here, changes)]


class _Changes:
    """Which names change, and into what."""

    def __init__(self, renames: Renames, scope: Scope) -> None:
        self.scope = scope
        self.schemas = {old: new for old, new in renames.schemas.items() if old != new}
        self.objects = {(old.schema, old.name): (new.schema, new.name) for old, new in renames.objects.items()}
        folded = (*self.schemas, *(schema for schema, _ in self.objects))
        self.qualifiers = {schema.casefold(): schema for schema in folded}
        # Where the object's schema goes elsewhere than the object, every name without a schema means something else.
        self.moved_away = self.schemas.get(scope.home, scope.home) != scope.goal
        self.bare = {
            name: goal
            for (schema, name), goal in self.objects.items()
            if schema == scope.home and goal != (scope.goal, name)
        }

    def any_in(self, text: str) -> bool:
        """Whether one of them may be named in the text; case does not count."""
        if self.moved_away:
            return True
        low = text.casefold()
        quoted = (low, low.replace("``", "`"), low.replace('""', '"'))  # as it stands, in backticks, in double quotes
        return any(name.casefold() in one for name in self.all() for one in quoted)

    def all(self) -> tuple[str, ...]:
        return (*self.qualifiers.values(), *self.bare)

    def concern(self, schema: str, name: str) -> bool:
        """Whether `schema`.`name` becomes another one."""
        return schema in self.schemas or (schema, name) in self.objects

    def object(self, schema: str, name: str) -> tuple[str, str]:
        return self.objects.get((schema, name), (self.schemas.get(schema, schema), name))


def _replaced(text: str, name: Name, here: Sequence[Name], changes: _Changes) -> list[tuple[int, str]]:
    """The tokens of one name that change, and what they become."""
    first = name.parts[0]
    if name.role == "schema" and first in changes.schemas:
        raise UnreadableDdl(text, f"it names the schema {quote(first)} by itself")
    schema = changes.qualifiers.get(first.casefold())
    if (
        len(name.parts) > 1
        and schema is not None
        and changes.concern(schema, name.parts[1])
        and _names_schema(text, name, schema, here, changes)
    ):
        if first != schema:
            raise UnreadableDdl(text, f"{first}. differs from the schema {quote(schema)} in case only")
        if name.parts[1] == "*" or (name.role == "routine" and len(name.parts) == 2):
            made = [(changes.schemas.get(schema, schema), schema)]
        else:
            made = list(zip(changes.object(schema, name.parts[1]), name.parts, strict=False))
        return [(at, quote(new)) for at, (new, old) in zip(name.at, made, strict=False) if new != old]
    if len(name.parts) < 3:
        return _without_schema(text, name, here, changes)
    return []


def _names_schema(text: str, name: Name, schema: str, here: Sequence[Name], changes: _Changes) -> bool:
    """Whether the first of the name's parts is the schema, for certain; if it is certainly not, the name stays."""
    if len(name.parts) == 3 or name.role in ("table", "routine"):
        return True
    taken = [other for other in here if _introduces(other, schema)]
    if name.role == "column" and (taken or schema.casefold() in _ROWS):
        return False
    if taken or schema.casefold() in _ROWS or name.role == "column":
        raise UnreadableDdl(
            text,
            f"{quote(name.parts[0])}. may be the schema, or an alias, a table, a variable or a row of that name",
        )
    return True


def _introduces(name: Name, alias: str) -> bool:
    """Whether after this a name before a dot may mean something else than a schema."""
    if len(name.parts) == 1:
        return name.role != "routine" and name.parts[0].casefold() == alias.casefold()
    known_so = len(name.parts) == 2 and name.role == "table" and not name.aliased
    return known_so and name.parts[1].casefold() == alias.casefold()


def _without_schema(text: str, name: Name, here: Sequence[Name], changes: _Changes) -> list[tuple[int, str]]:
    """A name without a schema: of a table that changes its name, or the qualifier of a column of such a table."""
    first = name.parts[0]
    goal = changes.bare.get(first)
    if changes.moved_away and len(name.parts) == 1 and name.role == "table" and goal is None:
        raise UnreadableDdl(text, f"{quote(first)} has no schema, and the object goes elsewhere than its own")
    if goal is None or name.role in ("routine", "other") or (len(name.parts) == 2 and name.role == "table"):
        return []
    if len(name.parts) == 1 and name.role == "column":
        return []
    others = [other for other in here if _introduces(other, first) and not _is_table(other, first, changes)]
    tables = [other for other in here if _is_table(other, first, changes)]
    if name.role == "unknown" or (others and any(other.role != "column" for other in others)):
        raise UnreadableDdl(text, f"{quote(first)} may be the table, whose name changes, or something else")
    if len(name.parts) == 1:
        whole = quote(goal[1]) if goal[0] == changes.scope.goal else f"{quote(goal[0])}.{quote(goal[1])}"
        return [(name.at[0], whole)]
    if not tables:
        raise UnreadableDdl(text, f"{quote(first)}. may be the table, whose name changes, or something else")
    return [(name.at[0], quote(goal[1]))] if goal[1] != first else []


def _is_table(name: Name, table: str, changes: _Changes) -> bool:
    """Whether it names the table of that name in the object's own schema."""
    if name.role != "table" or name.parts[-1] != table:
        return False
    return len(name.parts) == 1 or (len(name.parts) == 2 and name.parts[0] == changes.scope.home)


def _refuse_hidden(text: str, changes: _Changes, strings: Sequence[str], words: set[str]) -> None:
    """Names where tokens do not reach: in `/*!…*/`, and in statements that are put together of strings."""
    if not changes.all():
        return
    anywhere = _word_of(changes.all())
    run = _word_of(changes.bare, rf"|{_choice(changes.qualifiers.values())}[`\"]?\s*\." if changes.qualifiers else "")
    escapes = "NO_BACKSLASH_ESCAPES" not in changes.scope.sql_mode.split(",")
    for _, inside, ending, _ in versioned_comments(text, escapes):
        if anywhere.search(text[inside:ending]):
            raise UnreadableDdl(text, "a name that changes stands inside a /*!…*/ comment")
    prepares = bool(words & {"PREPARE", "IMMEDIATE"})
    for string in strings:
        if (prepares and anywhere.search(string)) or (_STATEMENT.match(string) and run.search(string)):
            raise UnreadableDdl(text, "a string that may be run as a statement holds a name that changes")


def _choice(names: Iterable[str]) -> str:
    return "(?:" + "|".join(re.escape(name) for name in sorted(names)) + ")"


def _word_of(names: Collection[str], more: str = "") -> re.Pattern[str]:
    """Finds any of these names as a whole word; with none of them, only `more`."""
    plain = rf"{_choice(names)}(?![\w$])" if names else r"(?!)"
    return re.compile(rf"(?<![\w$])(?:{plain}{more})", re.IGNORECASE)
