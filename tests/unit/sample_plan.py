"""A plan as `migrate plan` would make it, for the tests of the plan file and of what reads it."""

from __future__ import annotations

from migrate.model.plan import (
    Ddl,
    EndpointRef,
    Estimate,
    Finding,
    LoadRows,
    Move,
    Plan,
    PlannedObject,
    SetAutoIncrement,
    Step,
    Verify,
)

CREATE_CUSTOMERS = """\
CREATE TABLE `shop`.`customers` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(200) COLLATE utf8mb4_0900_ai_ci NOT NULL COMMENT '이름 \\\\ "name"',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"""

CREATE_ORDERS = """\
CREATE TABLE `shop`.`orders` (
  `id` bigint unsigned NOT NULL,
  `customer` bigint unsigned NOT NULL,
  `amount` decimal(12,2) NOT NULL DEFAULT '0.00',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB COMMENT='first line\r\nsecond line'"""

STEPS: tuple[Step, ...] = (
    Ddl(
        id="create-schema:new:shop",
        action="create-schema",
        target="new:shop",
        sql="CREATE DATABASE `shop` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
    ),
    Ddl(
        id="create-table:new:shop.customers",
        action="create-table",
        target="new:shop.customers",
        after=("create-schema:new:shop",),
        sql=CREATE_CUSTOMERS,
    ),
    Ddl(
        id="create-table:new:shop.orders",
        action="create-table",
        target="new:shop.orders",
        after=("create-schema:new:shop",),
        sql=CREATE_ORDERS,
    ),
    LoadRows(
        id="load-rows:new:shop.customers",
        source="old:shop.customers",
        target="new:shop.customers",
        after=("create-table:new:shop.customers",),
        protocol="transactional",
        key=("id",),
        estimate=Estimate(rows=50_000, bytes=9_800_000),
    ),
    LoadRows(
        id="load-rows:new:shop.orders",
        source="old:shop.orders",
        target="new:shop.orders",
        after=("create-table:new:shop.orders",),
        protocol="whole-object",
        where="amount > 0 AND note <> '$$'",
        estimate=Estimate(rows=1_200_000, bytes=310_000_000),
    ),
    Ddl(
        id="add-foreign-keys:new:shop.orders",
        action="add-foreign-keys",
        target="new:shop.orders",
        after=("load-rows:new:shop.customers", "load-rows:new:shop.orders"),
        blocked="foreign key orders_customer: 3 rows of old:shop.orders refer to no customer",
        sql=(
            "ALTER TABLE `shop`.`orders`\n"
            "  ADD CONSTRAINT `orders_customer` FOREIGN KEY (`customer`) REFERENCES `shop`.`customers` (`id`)"
        ),
    ),
    SetAutoIncrement(
        id="set-auto-increment:new:shop.customers",
        source="old:shop.customers",
        target="new:shop.customers",
        after=("load-rows:new:shop.customers",),
    ),
    Verify(
        id="verify:new:shop.customers",
        source="old:shop.customers",
        target="new:shop.customers",
        after=("load-rows:new:shop.customers",),
        key=("id",),
    ),
)

PLAN = Plan(
    name="shop",
    endpoint={
        "old": EndpointRef(
            engine="mysql",
            port=3306,
            user="app",
            password="${SOURCE_DB_PASSWORD}",
            identity="server-uuid:0c2f9d5e-6a1f-11ef-9c1d-0242ac110002",
        ),
        "new": EndpointRef(
            engine="mysql",
            host="db.example.org",
            port=3307,
            user="app",
            password="${TARGET_DB_PASSWORD}",
            ssl_ca="/etc/ssl/shop.pem",
            identity="server-uuid:5b7c2a90-6a1f-11ef-8a3e-0242ac110003",
        ),
    },
    move=(
        Move(
            from_="old:shop.*",
            to="new:shop.*",
            exclude=("shop.tmp_*",),
            where={"shop.orders": "amount > 0 AND note <> '$$'"},
        ),
    ),
    object=(
        PlannedObject(name="new:shop.customers", start="absent", source="h1:5e0c6f3a9d1b"),
        PlannedObject(name="new:shop.orders", start="absent", source="h1:a07d41c2e9f8"),
    ),
    step=STEPS,
    finding=(
        Finding(
            code="MG301",
            level="note",
            object="new:shop.orders",
            text="no usable key: the rows move as one unit, and start over after an interruption (about 310 MB)",
        ),
    ),
)
