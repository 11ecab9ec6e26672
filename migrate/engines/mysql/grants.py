"""What the account may see of views, triggers, routines and events: servers leave out the rest without a word."""

from __future__ import annotations

import re
from collections.abc import Sequence


def unseen(grants: Sequence[str], schemas: Sequence[str]) -> tuple[str, ...]:
    """Privileges that these lines of SHOW GRANTS do not give in every one of `schemas`, and that show other objects.

    Servers leave out of information_schema what the account may not see: a trigger without TRIGGER, an event without
    EVENT, a routine without one of SHOW_ROUTINE, EXECUTE, ALTER ROUTINE, CREATE ROUTINE or a SELECT on *.*. What is
    granted on single tables or routines shows these only and does not count.
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
    return tuple(name for name, enough in _SHOWN_BY.items() if not all(enough & one for one in held))


_PLACE = r"(?P<privileges>[^`]*?) ON (?:\*\.\*|`(?P<schema>(?:[^`]|``)*)`\.\*)"
_GRANT = re.compile(rf"GRANT {_PLACE} TO ")
_REVOKE = re.compile(rf"REVOKE {_PLACE} FROM ")  # a partial revoke: granted on *.*, but for this schema
_SHOWN_BY = {
    "TRIGGER": {"TRIGGER", "ALL PRIVILEGES", "ALL"},
    "EVENT": {"EVENT", "ALL PRIVILEGES", "ALL"},
    "SHOW_ROUTINE": {
        *("SHOW_ROUTINE", "SELECT ON *.*", "EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "ALL PRIVILEGES", "ALL"),
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
