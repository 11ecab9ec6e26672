"""What the account may see of views, triggers, routines and events, and whether it may write, by its grants.

Servers leave out what it may not see without a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def unseen(grants: Sequence[str], schemas: Sequence[str], mariadb: tuple[int, ...] = ()) -> tuple[str, ...]:
    """Privileges that these lines of SHOW GRANTS do not give in every one of `schemas`, and that show other objects.

    Servers leave out of information_schema what the account may not see: a trigger without TRIGGER, an event without
    EVENT, a routine without one of SHOW_ROUTINE, EXECUTE, ALTER ROUTINE, CREATE ROUTINE or a SELECT on *.*. What is
    granted on single tables or routines shows these only and does not count.

    `mariadb` is MariaDB's version; there a SELECT on mysql.proc shows every routine, and since 11.3 SHOW CREATE ROUTINE
    does (seen on 10.11 and 11.8).
    """
    given = [(found["privileges"], found["schema"]) for line in grants if (found := _GRANT.match(line))]
    taken = [(found["privileges"], found["schema"]) for line in grants if (found := _REVOKE.match(line))]

    def may(schema: str) -> set[str]:
        gone = {word for words, place in taken if place == schema for word in _words(words)}
        held = set[str]()
        for words, place in given:
            if _covers(place, schema):
                # A partial revoke takes from what is granted on *.* only, and knows no wildcards.
                words_here = _words(words) - (gone if place is None else set())
                held |= words_here | {f"{word} ON *.*" for word in words_here if place is None}
        return held

    held = [may(schema) for schema in schemas]
    lacking = [name for name, enough in _SHOWN_BY.items() if not all(enough & one for one in held)]
    if mariadb and "SHOW_ROUTINE" in lacking:
        lacking.remove("SHOW_ROUTINE")
        if not any("SELECT" in _words(found["privileges"]) for line in grants if (found := _DICTIONARY.match(line))):
            lacking.append("SHOW CREATE ROUTINE" if mariadb >= (11, 3) else "SELECT on mysql.proc")
    return tuple(lacking)


def writes_anyway(grants: Sequence[str], mariadb: tuple[int, ...] = ()) -> bool:
    """Whether these lines of SHOW GRANTS give a privilege, on *.*, that writes in spite of read_only.

    Since 10.11 MariaDB's SUPER is none (seen on 10.11 and 11.8).
    """
    enough = {"ALL PRIVILEGES", "READ_ONLY ADMIN"} if mariadb else {"ALL PRIVILEGES", "SUPER", "CONNECTION_ADMIN"}
    if mariadb and mariadb < (10, 11):
        enough.add("SUPER")
    everywhere = [found for line in grants if (found := _GRANT.match(line)) and found["schema"] is None]
    return any(enough & _words(found["privileges"]) for found in everywhere)


def holds(grants: Sequence[str], privilege: str, schema: str | None = None) -> bool:
    """Whether these lines of SHOW GRANTS give the privilege, static or dynamic, on *.* or on that schema."""
    given = [found for line in grants if (found := _GRANT.match(line))]
    here = [one for one in given if one["schema"] is None or (schema is not None and _covers(one["schema"], schema))]
    return any({"ALL PRIVILEGES", privilege} & _words(one["privileges"]) for one in here)


_PLACE = r"(?P<privileges>[^`]*?) ON (?:\*\.\*|`(?P<schema>(?:[^`]|``)*)`\.\*)"
_GRANT = re.compile(rf"GRANT {_PLACE} TO ")
_REVOKE = re.compile(rf"REVOKE {_PLACE} FROM ")  # a partial revoke: granted on *.*, but for this schema
_DICTIONARY = re.compile(r"GRANT (?P<privileges>[^`]*?) ON `mysql`\.(?:\*|`proc`) TO ")
_SHOWN_BY = {
    "TRIGGER": {"TRIGGER", "ALL PRIVILEGES", "ALL"},
    "EVENT": {"EVENT", "ALL PRIVILEGES", "ALL"},
    "SHOW_ROUTINE": {
        *("SHOW_ROUTINE", "SHOW CREATE ROUTINE", "SELECT ON *.*", "EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE"),
        *("ALL PRIVILEGES", "ALL"),
    },
}


def _words(privileges: str) -> set[str]:
    return {word.strip() for word in privileges.split(",")}


def _covers(granted: str | None, schema: str) -> bool:
    """Whether a grant on this schema, in which % and _ stand for others, or on all of them, is one on `schema`."""
    if granted is None:
        return True
    pieces = re.findall(r"\\[%_\\]|.", granted.replace("``", "`"), re.DOTALL)
    pattern = "".join({"%": ".*", "_": "."}.get(piece) or re.escape(piece[-1]) for piece in pieces)
    return re.fullmatch(pattern, schema, re.DOTALL) is not None
