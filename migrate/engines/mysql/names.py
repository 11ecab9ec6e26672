"""Names in the words of stored objects, found by tokens and replaced at their offsets: every other byte stays.

Pure functions. A name is replaced where it is certain what it names. Where tokens cannot settle that, and the answer
would make a difference, `UnreadableDdl` says why; where nothing changes, nothing is looked at and nothing refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.engines.base import Renames
from migrate.errors import UnreadableDdl
from migrate.model.table import TableName
from migrate.sql import Token, bare, is_name, quote, tokens, versioned_comments

Edit = tuple[int, int, str]
"""Replace `text[start:end]` by this."""

_BEFORE_TABLE = frozenset({"FROM", "JOIN", "STRAIGHT_JOIN", "INTO", "UPDATE", "TABLE", "TABLES"})
"""Words after which an unqualified name is one of a table, whatever the statement."""


class Scope(msgspec.Struct, frozen=True):
    """Where words are read: `home` is the schema that names without one belong to, `goal` what it is on the target.

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


def spliced(text: str, edits: Sequence[Edit]) -> str:
    """`text` after these edits, none of which may overlap another."""
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(edits):
        pieces += [text[done:start], new]
        done = end
    return "".join(pieces) + text[done:]


def name_edits(text: str, renames: Renames, scope: Scope, start: int = 0) -> list[Edit]:
    """What must be replaced in `text` from `start` on. Raises `UnreadableDdl`."""
    plan = _Plan(renames, scope)
    if not plan.touches(text, start):
        return []
    found = tokens(text, sql_mode=scope.sql_mode)
    first = next((at for at, token in enumerate(found) if token.start >= start), len(found))
    return _Words(text, found, first, plan).edits()


class _Plan:
    """What changes its name, and into what."""

    def __init__(self, renames: Renames, scope: Scope) -> None:
        self.scope = scope
        self.schemas = {old: new for old, new in renames.schemas.items() if old != new}
        self.objects = {(old.schema, old.name): (new.schema, new.name) for old, new in renames.objects.items()}
        self.moved = {schema for schema, _ in self.objects} | self.schemas.keys()
        # Names that stand alone mean something else when they, or the schema of the object, go elsewhere.
        self.bare = {
            name: self.objects[schema, name]
            for schema, name in self.objects
            if schema == scope.home and self.objects[schema, name] != (scope.goal, name)
        }

    def touches(self, text: str, start: int) -> bool:
        """Whether any of these names may be in the text at all; case does not count."""
        low = text[start:].replace("``", "`").replace('""', '"').casefold()
        return any(name.casefold() in low for name in (*self.moved, *self.bare))

    def schema(self, old: str) -> str:
        return self.schemas.get(old, old)

    def object(self, schema: str, name: str) -> tuple[str, str]:
        return self.objects.get((schema, name), (self.schema(schema), name))


class _Words:
    """One text, looked at token by token."""

    def __init__(self, text: str, found: tuple[Token, ...], first: int, plan: _Plan) -> None:
        self.text = text
        self.found = found
        self.first = first
        self.plan = plan
        self.folded = {name.casefold(): name for name in plan.moved}

    def edits(self) -> list[Edit]:
        """The edits, or `UnreadableDdl` for the first place that is not certain."""
        self._refuse_hidden()
        made: list[Edit] = []
        at = self.first
        while at < len(self.found):
            if not is_name(self.found[at]) or self._after_dot(at) or self._variable(at):
                at += 1
                continue
            last = self._last_part(at)
            made += self._one(at, last)
            at = last + 1
        return made

    def _one(self, at: int, last: int) -> list[Edit]:
        """A name of one to three parts that begins at `at`."""
        schema = self.folded.get(self._name(at).casefold())
        if last > at and schema is not None:
            return self._qualified(at, last, schema)
        return self._bare(at, last)

    def _qualified(self, at: int, last: int, schema: str) -> list[Edit]:
        written = self.text[self.found[at].start : self.found[at].end]
        if self._name(at) != schema:
            raise UnreadableDdl(self.text, f"{written}. differs from the schema {quote(schema)} in case only")
        three = last - at == 4
        if not three and schema.casefold() in ("old", "new"):
            raise UnreadableDdl(self.text, f"{written}. may be the schema or the row of a trigger")
        if not three and self._alone(schema):
            raise UnreadableDdl(self.text, f"{written}. may be the schema or an alias, table or column of that name")
        name = self._name(at + 2)
        new_schema, new_name = self.plan.object(schema, name)
        if self._name(last) == "*" and not three:
            new_schema, new_name = self.plan.schema(schema), name
        edits = [self._edit(at, schema, new_schema)]
        if new_name != name:
            edits.append(self._edit(at + 2, name, new_name))
        return [edit for edit in edits if edit is not None]

    def _bare(self, at: int, last: int) -> list[Edit]:
        """A name without a schema: of a table when a table's name is expected there."""
        name = self._name(at)
        goal = self.plan.bare.get(name)
        if goal is None:
            return []
        schema, new = goal
        spelled = quote(new) if schema == self.plan.scope.goal else f"{quote(schema)}.{quote(new)}"
        if last == at and self._expects_table(at):
            return [(self.found[at].start, self.found[at].end, spelled)]
        written = self.text[self.found[at].start : self.found[at].end]
        raise UnreadableDdl(self.text, f"{written} may be the table, which changes its name, or something else")

    def _edit(self, at: int, old: str, new: str) -> Edit | None:
        return (self.found[at].start, self.found[at].end, quote(new)) if old != new else None

    def _name(self, at: int) -> str:
        token = self.found[at]
        return token.text if token.kind == "identifier" else bare(self.text[token.start : token.end])

    def _last_part(self, at: int) -> int:
        """The token that ends the name: `a`, `a`.`b`, `a`.`b`.`c`, `a`.*."""
        last = at
        while last - at < 4 and self._sign(last + 1, ".") and last + 2 < len(self.found):
            following = self.found[last + 2]
            if not is_name(following) and following.text != "*":
                break
            last += 2
        return last

    def _expects_table(self, at: int) -> bool:
        before = self.found[at - 1] if at else None
        return before is not None and before.kind == "word" and before.text.split()[-1] in _BEFORE_TABLE

    def _alone(self, schema: str) -> bool:
        """Whether the name is there as something other than a qualifier: then a qualifier may mean that."""
        return any(
            is_name(token)
            and self._name(at).casefold() == schema.casefold()
            and not self._sign(at + 1, ".")
            and not self._variable(at)
            for at, token in enumerate(self.found)
            if at >= self.first
        )

    def _sign(self, at: int, sign: str) -> bool:
        return 0 <= at < len(self.found) and self.found[at].kind == "sign" and self.found[at].text == sign

    def _after_dot(self, at: int) -> bool:
        return self._sign(at - 1, ".")

    def _variable(self, at: int) -> bool:
        return at > 0 and self.found[at - 1].text in {"@", "@@"} and self.found[at - 1].end == self.found[at].start

    def _refuse_hidden(self) -> None:
        """Names where tokens do not reach: in `/*!…*/`, in statements that are made of strings, after USE."""
        words = {token.text for token in self.found if token.kind == "word"}
        escapes = "NO_BACKSLASH_ESCAPES" not in self.plan.scope.sql_mode.split(",")
        for _, inside, ending, _ in versioned_comments(self.text, escapes):
            if self._named_in(self.text[inside:ending]):
                raise UnreadableDdl(self.text, "a name that changes is inside a /*!…*/ comment")
        if words & {"PREPARE", "EXECUTE"} and any(
            token.kind == "string" and self._named_in(token.text) for token in self.found
        ):
            raise UnreadableDdl(self.text, "a string that may be prepared as a statement holds a name that changes")

    def _named_in(self, text: str) -> bool:
        low = text.casefold()
        return any(name.casefold() in low for name in (*self.plan.moved, *self.plan.bare))


def target_of(name: TableName, renames: Renames) -> TableName:
    """Where the table or view of that name goes."""
    return renames.objects.get(name) or TableName(renames.schemas.get(name.schema, name.schema), name.name)
