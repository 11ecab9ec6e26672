"""The codes of findings. docs/findings.md explains each; tests/test_docs.py holds the two together."""

from __future__ import annotations

from migrate.model.plan import Finding

FINDINGS = {
    "MG101": "a stored object that the target cannot have",
    "MG102": "a table that this version cannot move",
    "MG103": "a foreign key whose parent is neither moved nor on the target",
    "MG104": "a stored object whose names cannot be rewritten for certain",
    "MG105": "a stored object that needs what neither moves nor is on the target",
    "MG106": "dated tables stay behind",
    "MG107": "a definer that the target lacks",
    "MG108": "a stored object that is broken at the source, or cannot be read there",
    "MG201": "the target table exists, and the server cannot change it into what is wanted",
    "MG202": "the target table holds other rows, and has no key to tell them apart",
    "MG203": 'the target table is not empty and `existing = "fail"`',
    "MG204": "the rows of an existing table were not compared",
    "MG205": "triggers of a target table are dropped while rows are loaded, and made again",
    "MG206": "a view has the name of a wanted table, or a table that of a wanted view",
    "MG207": "a name has upper case, and the target folds case",
    "MG208": "a stored object of the target is replaced",
    "MG209": "a change of an existing table drops values",
    "MG210": "a change of an existing table may alter or refuse values",
    "MG211": "rows that only the target has stay",
    "MG212": "rows that only the target has are deleted",
    "MG213": "a trigger that only the target has names a column that its table loses, or has lost",
    "MG214": "rows of tables outside the plan refer to rows that would be deleted",
    "MG301": "a table without a usable key is one unit of work",
    "MG302": "rows go in by INSERT",
    "MG303": "the storage engine has no transactions",
    "MG304": "at which moment the source is read",
    "MG305": "only some rows are moved",
    "MG306": "the account may not see all objects",
    "MG307": "a function that the target's binary log does not let in",
    "MG308": "rows that are larger than a server's packets",
    "MG309": "rows that are equal in a unique key under the target's collation",
    "MG401": "a collation that the target lacks, or has under other rules, becomes another one",
    "MG402": "a type that the target lacks becomes another one",
    "MG403": "JSON is kept as text with a check, or text with such a check stays text",
    "MG404": "an index is said in other words",
    "MG405": "a default or a generated column is said in other words",
    "MG406": "a check has another name, or rules that were no checks become one",
    "MG407": "a storage engine or an option of a table becomes another one, or is left out",
    "MG408": "settings or words of a stored object are said in other words",
    "MG409": "a foreign key that the target takes only with its own rules switched off",
    "MG410": "the target has nothing that the object needs",
    "MG411": "a unique key is re-checked under another collation",
    "MG412": "a part of a table that the target has nothing like is left out",
}

_LEVELS = {
    "MG101": "unsupported",
    "MG102": "unsupported",
    "MG103": "unsupported",
    "MG104": "unsupported",
    "MG105": "unsupported",
    "MG108": "unsupported",
    "MG201": "unsupported",
    "MG202": "unsupported",
    "MG203": "unsupported",
    "MG206": "unsupported",
    "MG207": "unsupported",
    "MG208": "lossy",
    "MG209": "destructive",
    "MG210": "lossy",
    "MG212": "destructive",
    "MG213": "unsupported",
    "MG214": "unsupported",
    "MG308": "unsupported",
    "MG309": "unsupported",
    "MG410": "unsupported",
    "MG412": "lossy",
}


def finding(code: str, where: str, text: str) -> Finding:
    """A finding of a known code, at the level that the code always has."""
    assert code in FINDINGS, code  # noqa: S101 - a code without documentation is a programmer's error
    return Finding(code, _LEVELS.get(code, "note"), where, text)  # type: ignore[arg-type]  # the values above are levels
