"""The token of a plan: eight hex digits that tell its tables and folders from those of every other plan.

It is a hash of the plan itself, so that planning twice gives the same; while the plan is built a mark stands for it.
"""

from __future__ import annotations

import hashlib

import msgspec

from migrate.model.plan import Plan
from migrate.model.table import TableName
from migrate.planfile import seal

RUN = "\uf8ffrun\uf8ff"
"""What stands for the token until the plan is whole: no name and no text of a server holds such signs."""
ASIDE = "_mo_"
"""How names begin under which a table is built, or kept; inspect and patterns do not see them."""


def aside(name: TableName, use: str) -> TableName:
    """The name under which a table is built (`use` is `new`) or kept (`old`) beside its own, in its schema."""
    digest = hashlib.sha256(f"{use}:{name}".encode()).hexdigest()[:8]
    return msgspec.structs.replace(name, name=f"{ASIDE}{RUN}_{digest}")


def kept_of(name: TableName, hidden: TableName) -> bool:
    """Whether `hidden` is the table of that name which some plan has put aside."""
    own = aside(name, "old")
    mark = own.name.removeprefix(f"{ASIDE}{RUN}")
    same = (hidden.catalog, hidden.schema) == (name.catalog, name.schema)
    return same and hidden.name.startswith(ASIDE) and hidden.name.endswith(mark)


def with_token(plan: Plan) -> Plan:
    """The plan with its own token in every place that waits for it; sealed."""
    sealed = seal(plan)
    text = msgspec.json.encode(sealed)
    mark = RUN.encode()
    if mark not in text:
        return sealed
    token = sealed.digest.removeprefix("sha256:")[:8]
    return seal(msgspec.json.decode(text.replace(mark, token.encode()), type=Plan))
