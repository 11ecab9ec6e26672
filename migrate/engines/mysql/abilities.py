"""What a target has of what definitions name: charsets, collations, engines, functions. Asked, not guessed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from migrate.engines.base import Dialect
from migrate.engines.mysql.collations import collation
from migrate.engines.mysql.connect import Server, Session
from migrate.engines.mysql.mapping import HASHES, Features, features
from migrate.errors import ServerError

# MariaDB 10.10 has collations without a charset in their name, and tells their full names beside it.
COLLATIONS = "SELECT * FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
ENGINES = "SELECT ENGINE FROM information_schema.ENGINES WHERE SUPPORT IN ('YES','DEFAULT')"
FUNCTIONS = "SELECT `FUNCTION` FROM information_schema.SQL_FUNCTIONS"
STRICT_PARENTS = "SHOW GLOBAL VARIABLES LIKE 'restrict_fk_on_non_standard_key'"
HASHING = "SELECT MD5('')"
_NO_FUNCTION = (1046, 1305)
"""Without its component MySQL 9.7 takes MD5 for a stored function, and finds none, or no schema to look in."""


class Abilities(msgspec.Struct, frozen=True):
    """`collations` by their full names, with their charset; `engines` and `functions` in lower case.

    `functions` are MariaDB's own list, empty elsewhere. `missing` are functions that this server lacks and others of
    its vendor have. `strict_parents`: foreign keys refer to whole unique keys only, unless a session says otherwise.
    """

    dialect: Dialect
    collations: Mapping[str, str] = {}
    engines: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    strict_parents: bool = False

    @property
    def features(self) -> Features:
        """What its version can have."""
        return features(self.dialect)

    @property
    def charsets(self) -> frozenset[str]:
        """Names of character sets; utf8 is another name of utf8mb3."""
        return frozenset(self.collations.values()) | {"utf8", "utf8mb3", "binary"}

    def collation(self, name: str) -> str:
        """The name under which it is there, or of the one most like it; empty when there is none."""
        return collation(name, self.collations)

    def charset(self, name: str) -> str:
        """The name under which it is there: utf8 and utf8mb3 are one. Empty when it is not there."""
        known = frozenset(self.collations.values())
        other = {"utf8": "utf8mb3", "utf8mb3": "utf8"}.get(name.lower(), "")
        return name if name in known else other if other in known else ""


async def abilities(server: Server, dialect: Dialect) -> Abilities:
    """Ask the server: a constant number of questions."""
    async with server.session("metadata") as session:
        collations = await read_collations(session)
        engines = [str(row[0]).lower() for row in (await session.query(ENGINES)).rows]
        mariadb = dialect.vendor == "mariadb"
        functions = [str(row[0]).lower() for row in (await session.query(FUNCTIONS)).rows] if mariadb else []
        strict = (await session.query(STRICT_PARENTS)).rows
        missing = frozenset() if mariadb or dialect.version < (9,) else await _missing(session)
    return Abilities(
        dialect=dialect,
        collations=collations,
        engines=frozenset(engines),
        functions=frozenset(functions),
        missing=missing,
        strict_parents=bool(strict) and str(strict[0][1]).upper() == "ON",
    )


async def read_collations(session: Session) -> dict[str, str]:
    """The server's collations by their full names, with their charset."""
    answer = await session.query(COLLATIONS)
    columns = [name.upper() for name in answer.columns]
    full = columns.index("FULL_COLLATION_NAME") if "FULL_COLLATION_NAME" in columns else 0
    # A collation without a full name of its own (MariaDB's `binary` has one) is called by the short one.
    return {str(row[full] or row[0]): str(row[1]) for row in answer.rows}


async def _missing(session: Session) -> frozenset[str]:
    try:
        await session.query(HASHING)
    except ServerError as error:
        if error.code not in _NO_FUNCTION:
            raise
        return HASHES
    return frozenset()
