"""A small plan with one of everything, for the tests of what people read."""

from __future__ import annotations

from migrate.model.plan import (
    Ddl,
    EndpointRef,
    Estimate,
    Finding,
    LoadRows,
    Move,
    Plan,
    SetAutoIncrement,
    Verify,
)

OLD = EndpointRef("mysql", "127.0.0.1", 3306, "app", "${SOURCE_DB_PASSWORD}", identity="server-uuid:11")
NEW = EndpointRef("mysql", "::1", 3307, "app", "${TARGET_DB_PASSWORD}", identity="server-uuid:22")

SCHEMA = Ddl(id="create-schema:new:shop", target="new:shop", action="create-schema", sql="CREATE DATABASE `shop`")
CREATE = Ddl(
    id="create-table:new:shop.orders",
    target="new:shop.orders",
    after=(SCHEMA.id,),
    action="create-table",
    sql="CREATE TABLE `shop`.`orders` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n)",
)
LOAD = LoadRows(
    id="load-rows:new:shop.orders",
    source="old:shop.orders",
    target="new:shop.orders",
    after=(CREATE.id,),
    protocol="transactional",
    key=("id",),
    estimate=Estimate(1_200_000, 310_000_000),
)
INDEXES = Ddl(
    id="add-indexes:new:shop.orders",
    target="new:shop.orders",
    after=(LOAD.id,),
    action="add-indexes",
    sql="ALTER TABLE `shop`.`orders`\n  ADD KEY `ADD KEY x` (`a`) COMMENT 'ADD INDEX',\n  ADD UNIQUE KEY `u` (`b`)",
)
COUNTER = SetAutoIncrement(
    id="set-auto-increment:new:shop.orders", source="old:shop.orders", target="new:shop.orders", after=(LOAD.id,)
)
VERIFY = Verify(
    id="verify:new:shop.orders",
    source="old:shop.orders",
    target="new:shop.orders",
    after=(LOAD.id,),
    key=("id",),
    estimate=Estimate(1_200_000, 310_000_000),
)
KEYS = Ddl(
    id="add-foreign-keys:new:shop.orders",
    target="new:shop.orders",
    after=(LOAD.id,),
    action="add-foreign-keys",
    sql="ALTER TABLE `shop`.`orders`\n"
    "  ADD CONSTRAINT `FOREIGN KEY` FOREIGN KEY (`c`) REFERENCES `shop`.`customers` (`id`),\n"
    "  ADD CONSTRAINT `p` FOREIGN KEY (`p`) REFERENCES `shop`.`orders` (`id`)",
)
LOG = LoadRows(
    id="load-rows:new:shop.주문_🐬",
    source="old:shop.주문_🐬",
    target="new:shop.주문_🐬",
    protocol="whole-object",
    where="id > 5",
    estimate=Estimate(7, 450),
)
BLOCKED = LoadRows(
    id="load-rows:new:shop.audit",
    source="old:shop.audit",
    target="new:shop.audit",
    protocol="transactional",
    key=("id",),
    blocked="it holds rows that differ from the source",
    risk="destructive",
    estimate=Estimate(3, 90),
)
FINDINGS = (
    Finding("MG101", "unsupported", "old:shop.totals", "this view stays behind"),
    Finding("MG301", "note", "new:shop.주문_🐬", "one unit\nof work"),
)


def plan(*steps: object, findings: tuple[Finding, ...] = ()) -> Plan:
    """A plan of these steps."""
    return Plan(
        name="shop",
        digest="sha256:3f2a9c01d4e5",
        endpoint={"old": OLD, "new": NEW},
        move=(Move("old:shop.*", "new:shop.*", exclude=("shop.tmp_*",), where={"shop.주문_🐬": "id > 5"}),),
        step=steps,  # type: ignore[arg-type]  # any mix of the steps above
        finding=findings,
    )


WHOLE = plan(SCHEMA, CREATE, LOAD, INDEXES, COUNTER, VERIFY, KEYS, LOG, BLOCKED, findings=FINDINGS)
GOOD = plan(SCHEMA, CREATE, LOAD, INDEXES, COUNTER, VERIFY, KEYS)
EMPTY = plan()
