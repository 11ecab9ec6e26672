"""Expressions in definitions of tables, compared.

Both vendors print what they have understood, each in its own way: MySQL puts parentheses around everything and a
character set before every string, MariaDB neither; `lower` is `lcase` on one of them, `%` is `MOD`. So that two texts
can be compared, `canonical` reads them into a tree by the grammar that both share (MySQL 8.0 manual 9.5 and 12.4.1) and
prints that in one way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from migrate.engines.mysql.lexemes import Lexeme, Unread, lexemes, literal_bytes, plain, string_value

__all__ = ["canonical"]


@lru_cache(maxsize=4096)
def canonical(text: str) -> str | None:
    """The same words for all texts that say the same; None for a text that is not understood.

    Names are compared without case, as columns are. Introducers of strings do not count.
    """
    try:
        return _printed(_Parser(lexemes(plain(text))).whole())
    except (Unread, RecursionError):
        return None


# -- reading

Node = tuple["str | Node", ...]
"""Its kind, then what it is made of."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNITS = _words(
    """microsecond second minute hour day week month quarter year second_microsecond minute_microsecond minute_second
    hour_microsecond hour_second hour_minute day_microsecond day_second day_minute day_hour year_month"""
)
_BINARY = {
    **dict.fromkeys(("or", "||"), 1),
    "xor": 2,
    **dict.fromkeys(("and", "&&"), 3),
    **dict.fromkeys(
        ("=", "<=>", ">=", ">", "<=", "<", "<>", "!=", "is", "like", "regexp", "rlike", "in", "between"), 6
    ),
    "not": 6,
    "|": 7,
    "&": 8,
    **dict.fromkeys(("<<", ">>"), 9),
    **dict.fromkeys(("-", "+"), 10),
    **dict.fromkeys(("*", "/", "%", "div", "mod"), 11),
    "^": 12,
    "collate": 15,
    **dict.fromkeys(("->", "->>"), 16),
}
_NOT, _COMPARISON, _BITS, _UNARY = 4, 6, 7, 13
_SAME_SIGN = {"||": "or", "&&": "and", "!=": "<>", "mod": "%", "rlike": "regexp"}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_ALIASES = {
    "adddate": "date_add",
    "ceil": "ceiling",
    "character_length": "char_length",
    "current_date": "curdate",
    "current_time": "curtime",
    "current_timestamp": "now",
    "localtime": "now",
    "localtimestamp": "now",
    "day": "dayofmonth",
    "lcase": "lower",
    "mid": "substr",
    "octet_length": "length",
    "power": "pow",
    "schema": "database",
    "session_user": "user",
    "sha1": "sha",
    "subdate": "date_sub",
    "substring": "substr",
    "system_user": "user",
    "ucase": "upper",
}
_IN_ARGUMENTS = _words("both leading trailing distinct from for using as returning")
_TYPED = _words("as using returning")


class _Parser:
    """Precedence climbing over the lexemes of one expression."""

    def __init__(self, found: Sequence[Lexeme]) -> None:
        self.found = found
        self.at = 0

    def whole(self) -> Node:
        node = self.expression(0)
        if self.at != len(self.found):
            raise Unread(self.found[self.at].text)
        return node

    def _next(self) -> str:
        """The next sign or bare word, in lower case; empty for anything else, and at the end."""
        if self.at >= len(self.found):
            return ""
        lexeme = self.found[self.at]
        return lexeme.text if lexeme.kind == "sign" else lexeme.word

    def _take(self, word: str) -> bool:
        if self._next() != word:
            return False
        self.at += 1
        return True

    def _must(self, word: str) -> None:
        if not self._take(word):
            raise Unread(f"{word} was expected")

    def expression(self, least: int) -> Node:
        left = self._unary(least)
        while (sign := self._next()) in _BINARY and _BINARY[sign] >= least:
            self.at += 1
            left = self._binary(left, _SAME_SIGN.get(sign, sign), _BINARY[sign])
        return left

    def _unary(self, least: int) -> Node:
        if self._take("not"):
            return _negated(self.expression(_NOT))
        if self._take("!"):
            return _negated(self.expression(_UNARY + 1))
        if self._take("-"):
            value = self.expression(_UNARY)
            return ("number", f"-{value[1]}") if value[0] == "number" else ("call", "-", value)
        if self._take("+"):
            return self.expression(_UNARY)
        if self._take("~"):
            return ("call", "~", self.expression(_UNARY))
        if self._next() == "binary" and not self._follows("("):
            self.at += 1
            return ("cast", self.expression(_UNARY), "binary")
        return self._primary()

    def _binary(self, left: Node, sign: str, level: int) -> Node:
        match sign:
            case "is":
                negative = self._take("not")
                what = self._next()
                if what not in ("null", "true", "false", "unknown"):
                    raise Unread(what)
                self.at += 1
                node: Node = ("is", "null" if what == "unknown" else what, left if what == "null" else _truth(left))
                return _negated(node) if negative else node
            case "not":
                inner = self._next()
                if inner not in ("like", "regexp", "rlike", "in", "between"):
                    raise Unread(inner)
                self.at += 1
                return _negated(self._binary(left, _SAME_SIGN.get(inner, inner), level))
            case "like":
                pattern = self.expression(_UNARY)
                return ("like", left, pattern, self.expression(_UNARY) if self._take("escape") else ("none",))
            case "between":
                low = self.expression(_BITS)
                self._must("and")
                return ("between", left, low, self.expression(_BITS))
            case "in":
                self._must("(")
                return ("in", left, *self._list())
            case "->" | "->>":
                path: Node = ("call", "json_extract", left, self._primary())
                return path if sign == "->" else ("call", "json_unquote", path)
            case "and" | "or" | "xor":
                right = self.expression(level + 1)
                both = [part for side in (left, right) for part in _flat(sign, side)]
                return (sign, *(_truth(part) for part in both))
            case "collate":
                lexeme = self.found[self.at]
                self.at += 1
                return ("collate", left, lexeme.text.strip("`").lower())
        right = self.expression(_BITS if level == _COMPARISON else level + 1)
        return _compared(sign, left, right) if level == _COMPARISON else (sign, left, right)

    def _follows(self, sign: str) -> bool:
        return self.at + 1 < len(self.found) and self.found[self.at + 1].text == sign

    def _list(self) -> tuple[Node, ...]:
        """Expressions up to the closing parenthesis, which is taken."""
        made = [self.expression(0)]
        while self._take(","):
            made.append(self.expression(0))
        self._must(")")
        return tuple(made)

    def _primary(self) -> Node:
        if self.at >= len(self.found):
            raise Unread("the end")
        lexeme = self.found[self.at]
        self.at += 1
        match lexeme.kind:
            case "string":
                return ("string", string_value(lexeme)[1])
            case "bytes":
                return ("bytes", literal_bytes(lexeme.text))
            case "number":
                return ("number", lexeme.text.lower())
            case "name":
                return self._name(lexeme)
            case "sign" if lexeme.text == "(":
                parts = self._list()
                return parts[0] if len(parts) == 1 else ("row", *parts)
            case "word":
                return self._word(lexeme.word)
        raise Unread(lexeme.text)

    def _name(self, lexeme: Lexeme) -> Node:
        parts = [lexeme.text]
        while self._next() == "." and self.at + 1 < len(self.found) and self.found[self.at + 1].kind == "name":
            parts.append(self.found[self.at + 1].text)
            self.at += 2
        if self._next() == "(":  # a stored function, or one that the server could not name otherwise
            self.at += 1
            return self._call(".".join(part.strip("`").lower() for part in parts))
        return ("name", *(part.lower() for part in parts))

    def _word(self, word: str) -> Node:
        if word == "case":
            return self._case()
        if word == "interval":
            value = self.expression(_BITS)
            unit = self._next()
            if unit not in _UNITS:
                raise Unread(f"interval {unit}")
            self.at += 1
            return ("interval", value, unit)
        if word in ("date", "time", "timestamp") and self.at < len(self.found) and self.found[self.at].kind == "string":
            self.at += 1
            return ("temporal", word, string_value(self.found[self.at - 1])[1])
        if word in ("select", "exists", "match", "with", "default"):
            raise Unread(word)
        if self._take("("):
            return self._call(word)
        name = _ALIASES.get(word, word)
        return ("call", name) if name != word or word.startswith(("current_", "utc_")) else ("word", word)

    def _case(self) -> Node:
        parts: list[Node] = [] if self._next() == "when" else [("of", self.expression(0))]
        boolean = not parts
        while self._take("when"):
            condition = self.expression(0)
            self._must("then")
            parts.append(("when", _truth(condition) if boolean else condition, self.expression(0)))
        if self._take("else"):
            parts.append(("else", self.expression(0)))
        self._must("end")
        return ("case", *parts)

    def _call(self, name: str) -> Node:
        """The rest of a call, whose opening parenthesis is taken."""
        parts: list[Node] = []
        while not self._take(")"):
            if self._take(","):
                continue
            word = self._next()
            if word in _IN_ARGUMENTS:
                self.at += 1
                parts.append(("with", self._type() if word in _TYPED else word))
            else:
                parts.append(self.expression(0))
        return _called(_ALIASES.get(name, name), parts)

    def _type(self) -> str:
        """A type or a charset, up to what ends the argument."""
        words: list[str] = []
        depth = 0
        while self.at < len(self.found):
            lexeme = self.found[self.at]
            if depth == 0 and lexeme.text in (")", ","):
                return " ".join(words).replace("character set", "charset")
            depth += {"(": 1, ")": -1}.get(lexeme.text, 0)
            words.append(lexeme.text.lower())
            self.at += 1
        raise Unread("a type")


def _called(name: str, parts: list[Node]) -> Node:
    """The call, in the one form of those that servers use for the same."""
    typed = str(parts[1][1]) if len(parts) == 2 and parts[1][0] == "with" else ""
    match name, len(parts):
        case "cast", 2 if typed:
            return ("cast", parts[0], typed.removesuffix(" integer"))
        case "convert", 2 if typed:
            return ("cast", parts[0], f"char charset {typed}")
        case "date", 1:
            return ("cast", parts[0], "date")
        case "instr", 2:
            return ("call", "locate", parts[1], parts[0])
        case "isnull", 1:
            return ("is", "null", parts[0])
        case "mod", 2:
            return ("%", parts[0], parts[1])
        case "regexp_like", 2:
            return ("regexp", parts[0], parts[1])
        case "date_add", 2 if parts[1][0] == "interval":
            return ("+", parts[0], parts[1])
        case "date_sub", 2 if parts[1][0] == "interval":
            return ("-", parts[0], parts[1])
        case "if", 3:
            return ("call", "if", _truth(parts[0]), parts[1], parts[2])
        case "now", 1 if parts[0] == ("number", "0"):
            return ("call", "now")
    return ("call", name, *parts)


_ZERO: Node = ("number", "0")


def _compared(sign: str, left: Node, right: Node) -> Node:
    """NOT x is `(0 = x)` to MySQL, and `x = 0` to MariaDB; in both orders that is one thing."""
    if sign in ("=", "<>") and right == _ZERO:
        left, right = right, left
    return ("not", _truth(right)) if sign == "=" and left == _ZERO else (sign, left, right)


def _flat(sign: str, node: Node) -> tuple[Node, ...]:
    """The parts of a chain of ANDs, ORs or XORs."""
    return tuple(part for part in node[1:] if not isinstance(part, str)) if node[0] == sign else (node,)


def _negated(node: Node) -> Node:
    """Servers turn a comparison round instead of denying it."""
    if node[0] in _OPPOSITE and len(node) == 3:
        return (_OPPOSITE[str(node[0])], node[1], node[2])
    inner = _truth(node)
    return inner[1] if inner[0] == "not" and not isinstance(inner[1], str) else ("not", inner)


def _truth(node: Node) -> Node:
    """Where true or false is wanted MySQL writes `(0 <> x)` for x, and MariaDB `x <> 0`."""
    wanted = len(node) == 3 and node[0] == "<>" and node[1] == _ZERO
    return node[2] if wanted and not isinstance(node[2], str) else node


def _printed(node: Node) -> str:
    print_part: Callable[[str | Node], str] = lambda part: repr(part) if isinstance(part, str) else _printed(part)  # noqa: E731
    return f"({' '.join(map(print_part, node))})"
