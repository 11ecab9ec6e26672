"""Whose rights a moved view, trigger, routine or event runs with: the value of `definer`."""

from __future__ import annotations

import difflib
import re

from migrate.config.text import TextError

WORDS = ("keep", "drop")
"""The source's account as it is; none, so that the account that applies becomes it."""

_SIGNS = "'\"`"
_ACCOUNT = re.compile(
    rf"""(?P<user> '(?:[^']|'')+' | "(?:[^"]|"")+" | `(?:[^`]|``)+` | [^\s{_SIGNS}]+ )
    @ (?P<host> '[^'\s@]+' | "[^"\s@]+" | `[^`\s@]+` | [^\s@{_SIGNS}]+ )""",
    re.VERBOSE,
)
_HINT = 'write "keep", "drop", or an account with its host, as in "app@localhost" or "\'app\'@\'%\'"'


def read_definer(text: str) -> str:
    """One of `WORDS`, or an account as servers tell it: `user@host`, without quotes, the host in small letters.

    The host is what stands after the last `@`: a user may have one in its name. Raises `TextError`. What MySQL 8.0 does
    with such names was asked of 8.0.12 and 8.0.33: `'App'@'LocalHost'` is App@localhost in information_schema.
    """
    if text in WORDS:
        return text
    found = _ACCOUNT.fullmatch(text)
    if found is None:
        why = f"{text!r} is not keep, drop or an account user@host"
        if text.lower().replace("()", "") in ("current_user", "invoker"):
            raise TextError(why, 'write "drop": the account that applies becomes the definer')
        near = difflib.get_close_matches(text.lower(), WORDS, 1)
        raise TextError(why, f"did you mean {near[0]!r}?" if near else _HINT)
    return f"{_bare(found['user'])}@{_bare(found['host']).lower()}"


def _bare(part: str) -> str:
    sign = part[0]
    return part[1:-1].replace(sign * 2, sign) if sign in _SIGNS else part
