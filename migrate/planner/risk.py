"""The codes of findings. docs/findings.md explains each; tests/test_docs.py holds the two together."""

from __future__ import annotations

from migrate.model.plan import Finding

FINDINGS = {
    "MG101": "an object that this version does not move",
    "MG102": "a table that this version cannot move",
    "MG103": "a foreign key whose parent is neither moved nor on the target",
    "MG201": "the target table exists and is defined differently",
    "MG202": "the target table holds other rows",
    "MG203": 'the target table is not empty and `existing = "fail"`',
    "MG204": "the rows of an existing table were not compared",
    "MG205": "a trigger of an existing target table would fire for every row",
    "MG206": "a view has the name of a wanted table",
    "MG207": "a name has upper case, and the target folds case",
    "MG301": "a table without a usable key is one unit of work",
    "MG302": "rows go in by INSERT",
    "MG303": "the storage engine has no transactions",
    "MG304": "the source is not read at one moment",
    "MG305": "only some rows are moved",
    "MG306": "the account may not see all objects",
}

_LEVELS = {
    "MG101": "unsupported",
    "MG102": "unsupported",
    "MG103": "unsupported",
    "MG201": "unsupported",
    "MG202": "unsupported",
    "MG203": "unsupported",
    "MG205": "unsupported",
    "MG206": "unsupported",
    "MG207": "unsupported",
}


def finding(code: str, where: str, text: str) -> Finding:
    """A finding of a known code, at the level that the code always has."""
    assert code in FINDINGS, code  # noqa: S101 - a code without documentation is a programmer's error
    return Finding(code, _LEVELS.get(code, "note"), where, text)  # type: ignore[arg-type]  # the values above are levels
