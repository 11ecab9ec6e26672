"""Views of Trino: what they read, and how names in them change. Their words are cut at offsets, never printed anew.

Trino's own printer keeps `DECIMAL '1.10'`; others make another value of it (facts of sqlglot), so nobody prints here.
A view's names without catalog and schema mean those of the session that made it, which Trino does not tell: they are
taken to be the view's own.
"""

from __future__ import annotations

import msgspec

from migrate.engines.lake.lexemes import Lexeme, lexemes
from migrate.engines.values import Renames, Script
from migrate.errors import UnreadableDdl
from migrate.model.table import StoredObject, TableName, Use
from migrate.sql import ansi, ansi_table, ansi_text

_ENDS = frozenset(
    {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "FETCH", "OFFSET", "WINDOW", "UNION", "INTERSECT", "EXCEPT"}
    | {"SELECT", "ON", "USING", "AS", "VALUES"}
)
_NO_TABLES = frozenset({"LATERAL", "UNNEST", "TABLE", "VALUES", "SELECT", "WITH"})


class Named(msgspec.Struct, frozen=True):
    """A table as a view names it, at the place of `parts` in its words. `qualifies`: it stands before a column."""

    name: TableName
    parts: tuple[Lexeme, ...]
    qualifies: bool = False


def named(view: StoredObject) -> tuple[Named, ...]:
    """The tables that a view reads, in their order in its words. Raises `UnreadableDdl`."""
    found = lexemes(view.text)
    ours = _own_names(found)
    places = _from_places(found)
    made: list[Named] = []
    at = 0
    while at < len(found):
        chain = _chain(found, at)
        if not chain:
            at += 1
            continue
        if at in places:
            name = _meant(chain, view.name)
            if name is not None and not (len(chain) == 1 and chain[0].named in ours):
                made.append(Named(name, chain))
        elif len(chain) > 3:
            made.append(Named(TableName(chain[1].named, chain[2].named, chain[0].named), chain[:3], qualifies=True))
        at += 2 * len(chain) - 1
    read = {one.name for one in made if not one.qualifies}
    return tuple(one for one in made if not one.qualifies or one.name in read)


def uses(view: StoredObject) -> tuple[Use, ...]:
    """What the view reads, each once; nothing where its words are not understood."""
    try:
        found = {one.name for one in named(view)}
    except UnreadableDdl:
        return ()
    return tuple(Use(view.key, "relation", name) for name in sorted(found))


def rename(view: StoredObject, name: TableName, renames: Renames) -> StoredObject:
    """The view under another name, every table in it as `renames` says. Raises `UnreadableDdl`."""
    pieces: list[str] = []
    at = 0
    for one in named(view):
        goal = _renamed(one.name, renames)
        moved = name.catalog != view.name.catalog or name.schema != view.name.schema
        if goal == one.name and (len(one.parts) == 3 or not moved):
            continue
        # A short name would mean another schema in the new place: it is written whole.
        pieces += [view.text[at : one.parts[0].start], ansi_table(goal)]
        at = one.parts[-1].end
    return msgspec.structs.replace(view, name=name, text="".join(pieces) + view.text[at:])


def _renamed(name: TableName, renames: Renames) -> TableName:
    if name in renames.objects:
        return renames.objects[name]
    return msgspec.structs.replace(name, schema=renames.schemas.get(name.schema, name.schema))


def create(view: StoredObject) -> Script:
    """The statement that makes or replaces it. Names without a schema mean the view's own."""
    settings = dict(view.settings)
    comment, security = settings.pop("comment", ""), settings.pop("security", "")
    head = f"CREATE OR REPLACE VIEW {ansi_table(view.name)}"
    head += f"\nCOMMENT {ansi_text(comment)}" if comment else ""
    head += f"\nSECURITY {security}" if security else ""
    own = ", ".join(f"{ansi(key)} = {value}" for key, value in sorted(settings.items()))
    head += f"\nWITH ({own})" if own else ""
    return Script(f"{head}\nAS\n{view.text}", (("catalog", view.name.catalog), ("schema", view.name.schema)))


def drop(view: StoredObject) -> str:
    """The statement that drops it."""
    return f"DROP VIEW IF EXISTS {ansi_table(view.name)}"


def _chain(found: tuple[Lexeme, ...], at: int) -> tuple[Lexeme, ...]:
    """The names with dots between them that begin at `at`."""
    if not found[at].is_name or (at and found[at - 1].text == "." and found[at - 1].kind == "sign"):
        return ()
    made = [found[at]]
    while at + 2 < len(found) and found[at + 1].text == "." and found[at + 2].is_name:
        at += 2
        made.append(found[at])
    return tuple(made)


def _meant(chain: tuple[Lexeme, ...], own: TableName) -> TableName | None:
    match [one.named for one in chain]:
        case [name]:
            return TableName(own.schema, name, own.catalog)
        case [schema, name]:
            return TableName(schema, name, own.catalog)
        case [catalog, schema, name]:
            return TableName(schema, name, catalog)
        case _:
            return None


def _own_names(found: tuple[Lexeme, ...]) -> frozenset[str]:
    """Names that the text gives itself: WITH name AS (…), or name (columns) AS (…)."""
    made = set()
    for at, one in enumerate(found[:-2]):
        if one.is_name and found[at + 1].word == "AS" and found[at + 2].text == "(":
            made.add(one.named)
        if one.is_name and at and found[at - 1].word in ("WITH", "RECURSIVE") and found[at + 1].text == "(":
            made.add(one.named)
    return frozenset(made)


def _from_places(found: tuple[Lexeme, ...]) -> frozenset[int]:
    """The places where a table's name begins: after FROM and JOIN, and after a comma between them and what follows.

    FROM is that of a query only where SELECT stands before it in the same parenthesis: not in trim(x FROM y).
    """
    places = set()
    queries, listing = [False], [False]
    awaited = False
    for at, one in enumerate(found):
        if one.text == "(" and one.kind == "sign":
            queries.append(awaited)
            listing.append(awaited)
        elif one.text == ")" and one.kind == "sign" and len(listing) > 1:
            queries.pop()
            listing.pop()
            awaited = False
        elif one.text == "," and one.kind == "sign":
            awaited = listing[-1]
        elif one.word == "SELECT":
            queries[-1], listing[-1], awaited = True, False, False
        elif one.word == "FROM" and queries[-1] and found[at - 1].word != "DISTINCT":
            listing[-1], awaited = True, True
        elif one.word == "JOIN" and queries[-1]:
            awaited = True
        elif one.word in _ENDS - {"ON", "USING", "AS"}:
            listing[-1], awaited = False, False
        elif awaited and one.kind != "sign":
            called = at + 1 < len(found) and found[at + 1].text == "("
            if one.is_name and one.word not in _NO_TABLES and not called:
                places.add(at)
            awaited = False
    return frozenset(places)
