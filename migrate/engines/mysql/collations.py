"""Collations of MySQL and MariaDB: which of one is most like which of the other, and what then compares otherwise.

Pure functions over names. Measured on MySQL 8.0.12, 8.0.33, 9.7.4, MariaDB 10.11.18 and 11.8.9.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

LANGUAGES: Mapping[str, str] = {
    "bg": "",  # its letters are in no other order than those of the root
    "bs": "croatian",
    "cs": "czech",
    "da": "danish",
    "de_pb": "german2",
    "eo": "esperanto",
    "es": "spanish",
    "es_trad": "spanish2",
    "et": "estonian",
    "gl": "spanish",
    "hr": "croatian",
    "hu": "hungarian",
    "is": "icelandic",
    "ja": "",
    "la": "roman",
    "lt": "lithuanian",
    "lv": "latvian",
    "mn_cyrl": "",
    "nb": "danish",
    "nn": "danish",
    "pl": "polish",
    "ro": "romanian",
    "ru": "",
    "sk": "slovak",
    "sl": "slovenian",
    "sr_latn": "croatian",
    "sv": "swedish",
    "tr": "turkish",
    "vi": "vietnamese",
    "zh": "",
}
"""MySQL's utf8mb4_*_0900 and MariaDB's uca1400_*: as MariaDB 11.8's COLLATIONS.COMMENT pairs them, and the nearest."""

_OTHERWISE: Mapping[str, str] = {
    "da": "Œ and Ǖ",
    "de_pb": "Ǖ and Ǟ",
    "et": "Ź and Ż",
    "hu": "Ǖ and Ȫ",
    "is": "Ǣ and Ȫ",
    "la": "Ù and Ü",
    "lt": "Ý and Ÿ",
    "lv": "Y and Ý",
    "nb": "Œ and Ǖ",
    "nn": "Œ and Ǖ",
    "ro": "Ș and Ț",
    "sk": "Ř and Ǟ",
    "sl": "Ć and Đ",
    "sv": "Ô, Ö and Ø",
    "tr": "Ì and Î",
}
"""Letters below U+0600 that MariaDB's rules for the language weigh otherwise than MySQL's of that name."""

_TO_0900 = {
    language: code
    for code, language in LANGUAGES.items()
    if language and code not in ("bs", "gl", "nb", "nn", "sr_latn")
}
_0900 = re.compile(r"utf8mb4_(?:(?P<language>\w+?)_)?0900_(?P<rules>ai_ci|as_cs|as_ci|bin)(?:_ks)?\Z")
_UCA1400 = re.compile(
    r"(?P<charset>\w+?)_uca1400_(?:(?P<language>[a-z0-9]+)_)??(?P<nopad>nopad_)?(?P<rules>a[is]_c[is])\Z"
)
_FEW = {"croatian_mysql561_ci": "croatian_ci", "myanmar_ci": "unicode_ci", "thai_520_w2": "unicode_520_ci"}
_FEW |= {"tolower_ci": "general_ci"}


def collation(name: str, there: Collection[str]) -> str:
    """The collation of `there` that compares most like `name`: itself where it is there. Empty: there is none.

    Where none compares alike, the one that tells more apart comes first, so that no row is refused.
    """
    if name in there:
        return name
    return next((other for other in _candidates(name) if other in there), "")


def _candidates(name: str) -> Iterator[str]:
    lower = name.lower()
    if re.match(r"utf8(?=_|\Z)", lower):
        yield from _named("utf8mb3" + lower[4:])
    elif lower.startswith("utf8mb3"):
        yield from _named(lower)
        yield from _named("utf8" + lower[7:])
    else:
        yield from _named(lower)


def _named(name: str) -> Iterator[str]:
    yield name
    charset, _, rest = name.partition("_")
    if found := _0900.match(name):
        yield from _from_0900(found["language"] or "", found["rules"])
    elif found := _UCA1400.match(name):
        yield from _from_uca1400(found["charset"], found["language"] or "", found["rules"], bool(found["nopad"]))
    elif name == "utf8mb4_nopad_bin":
        yield "utf8mb4_0900_bin"
        yield "utf8mb4_bin"
    elif rest == "general1400_as_ci":
        yield f"{charset}_0900_as_ci"
        yield f"{charset}_bin"
    elif "nopad" in rest:
        yield name.replace("_nopad", "")
    elif rest in _FEW:
        yield f"{charset}_{_FEW[rest]}"


def _from_0900(language: str, rules: str) -> Iterator[str]:
    if rules == "bin":
        yield "utf8mb4_nopad_bin"
        yield "utf8mb4_bin"
        return
    said = LANGUAGES.get(language, "")
    if said:
        yield f"utf8mb4_uca1400_{said}_nopad_{rules}"
    yield f"utf8mb4_uca1400_nopad_{rules}"
    yield f"utf8mb4_0900_{rules}"  # an older MySQL, with fewer languages
    if rules == "as_cs":  # before uca1400 (MariaDB 10.10) nothing tells accents and case apart but bytes
        yield "utf8mb4_nopad_bin"
        yield "utf8mb4_bin"
    if said:
        yield f"utf8mb4_{said}_ci"
    yield "utf8mb4_unicode_520_nopad_ci"
    yield "utf8mb4_unicode_520_ci"


def _from_uca1400(charset: str, language: str, rules: str, nopad: bool) -> Iterator[str]:
    strict = "as_cs" if rules in ("ai_cs", "as_cs") or (rules == "as_ci" and language) else rules
    if charset == "utf8mb4":
        code = _TO_0900.get(language, "")
        if code:
            yield f"utf8mb4_{code}_0900_{strict}"
        if not code and strict == "as_ci":
            yield "utf8mb4_0900_as_ci"
        yield f"utf8mb4_0900_{strict}"
    if strict == "as_cs":
        yield f"{charset}_bin"
    if language:
        yield f"{charset}_{language}_ci"
    if nopad:
        yield f"{charset}_unicode_520_nopad_ci"
    yield f"{charset}_unicode_520_ci"


def same_name(one: str, other: str) -> bool:
    """Whether both are names of one collation: utf8 was renamed utf8mb3, its collations in MySQL 8.0.30."""
    return _renamed(one) == _renamed(other)


def _renamed(name: str) -> str:
    return re.sub(r"\Autf8(?=_|\Z)", "utf8mb3", name.lower())


def pads(name: str) -> bool:
    """Whether spaces at the end make no difference under this collation."""
    return not ("nopad" in name or "_0900_" in name or name == "binary")


def weights(name: str, vendor: str) -> str:
    """By what letters are compared: the same name and the same weights compare alike.

    MariaDB's names with 0900 are aliases of its own of Unicode 14. Of the characters up to U+1FFFF, 641 compare
    otherwise than under MySQL's utf8mb4_0900_ai_ci, none of them below U+0600; general_ci, unicode_ci,
    unicode_520_ci and bin of both vendors compare all of them alike.
    """
    lower = _renamed(name)
    if vendor == "mariadb" and lower != "utf8mb4_0900_bin" and "_0900_" in lower:
        return f"{lower} of Unicode 14"
    return {"utf8mb4_0900_bin": "utf8mb4_nopad_bin"}.get(lower, lower)


def change(old: str, new: str) -> str:
    """What makes a difference to what is equal when `old` becomes `new`, in words; empty: nothing.

    Both being one name, it is another vendor's own of that name.
    """
    said = []
    if pads(old) != pads(new):
        said.append("spaces at the end count now" if pads(old) else "spaces at the end do not count any more")
    before, after = _sensitive(old), _sensitive(new)
    for what, was, now in zip(("accents", "case"), before, after, strict=True):
        if was != now:
            said.append(f"{what} {'count' if now else 'do not count'}{' now' if now else ' any more'}")
    if not said and (old == new or weights(old, "") != weights(new, "")):
        said.append(_letters(old, new))
    return ", ".join(said)


def _letters(old: str, new: str) -> str:
    """Which letters compare otherwise between Unicode 9 and 14: the characters up to U+1FFFF were gone through."""
    letters = next((_OTHERWISE[code] for name in (old, new) if (code := _language(name)) in _OTHERWISE), "")
    if letters:
        return f"some letters are weighed otherwise, {letters} among them"
    if all(re.search("0900|1400", name) for name in (old, new)):
        return "a few hundred rare characters are weighed otherwise, none of them below U+0600"
    return "some characters are weighed otherwise, accented Cyrillic letters among them"


def _language(name: str) -> str:
    """The code of a collation's language, as MySQL has it."""
    if found := _0900.match(name):
        return found["language"] or ""
    found = _UCA1400.match(name)
    return _TO_0900.get(found["language"] or "", "") if found else ""


def _sensitive(name: str) -> tuple[bool, bool]:
    """Whether accents and whether case count."""
    binary = name.endswith("bin") or name == "binary"
    return binary or "_as_" in name, binary or name.endswith("_cs") or "_cs_" in name
