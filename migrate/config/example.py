"""What `migrate init` writes."""

from __future__ import annotations

EXAMPLE_MYSQL = """\
# The configuration of one plan. docs/configuration.md describes every key; `migrate show-config` shows what counts.
# ${NAME} and ${NAME:-default} stand for environment variables in every value; $$ is a dollar sign.

name = "shop"                               # names the plan: `migrate plan` writes plans/shop.toml

# Where data comes from and where it goes. The names are yours; moves use them.
[endpoint.old]
engine = "mysql"                            # or "lake": migrate init --engine lake
host = "${SOURCE_DB_HOST:-127.0.0.1}"
port = "${SOURCE_DB_PORT:-3306}"
user = "${SOURCE_DB_USER}"
password = "${SOURCE_DB_PASSWORD}"          # never the password itself: this file gets committed
# ssl_ca = "/etc/ssl/certs/source-ca.pem"   # TLS: the authority that signed the server's certificate
# ssl_cert = "client-cert.pem"              # and, where the server asks for it, our own
# ssl_key = "client-key.pem"
# ssl_verify = true                         # false takes any certificate

[endpoint.new]
engine = "mysql"
host = "${TARGET_DB_HOST:-127.0.0.1}"
port = "${TARGET_DB_PORT:-3306}"
user = "${TARGET_DB_USER}"
password = "${TARGET_DB_PASSWORD}"
# max_threads_running = 25                  # pause while others run more statements here than this; 0: never

# What moves where: endpoint:schema.table. * and ? are allowed in `from`; a * in `to` keeps the name.
[[move]]
from = "old:shop.*"
to = "new:shop.*"
# include = ["shop.*"]                      # only these: globs on schema.table at the source
# exclude = ["shop.tmp_*"]                  # not these
# where = { "shop.events" = "created_at >= '2024-01-01'" }   # only these rows, in the source's SQL
# existing = "sync"                         # or "fail": a target table that holds rows blocks the plan
# compare = "rows"                          # or "schema": do not checksum tables that are on both sides

[options]
parallelism = 8                             # pieces of work at once
per_server = 4                              # of these, on one server
# max_rate = "50MB"                         # bytes of rows that move in a second; 0: as many as can
# dated_tables = ["shop.events_2024*"]      # tables like events_20240101 stay behind, but for these; true: all move
# definer = "app@%"                         # who owns views, triggers, routines, events: "keep", "drop" or an account
"""

EXAMPLE_LAKE = """\
# The configuration of one plan. docs/configuration.md describes every key; `migrate show-config` shows what counts.
# ${NAME} and ${NAME:-default} stand for environment variables in every value; $$ is a dollar sign.

name = "sales"                              # names the plan: `migrate plan` writes plans/sales.toml

# Where data comes from and where it goes: a Trino, and the buckets behind it. The names are yours; moves use them.
[endpoint.old]
engine = "lake"
host = "${SOURCE_TRINO_HOST:-127.0.0.1}"
port = "${SOURCE_TRINO_PORT:-8080}"
user = "${SOURCE_TRINO_USER:-etl}"
# https = true                              # needed for a password or a token
# token = "${SOURCE_TRINO_TOKEN}"           # a JWT

[endpoint.old.s3]                           # for all buckets; without keys, as AWS's own clients log in
region = "${S3_AWS_REGION:-us-east-1}"
# endpoint = "http://127.0.0.1:4566"        # a store that is not AWS
# access_key = "${SOURCE_S3_KEY}"           # never the key itself: this file gets committed
# secret_key = "${SOURCE_S3_SECRET}"

# [endpoint.old.bucket."archive"]           # where one bucket differs
# region = "eu-west-1"

[endpoint.new]
engine = "lake"
host = "${TARGET_TRINO_HOST:-127.0.0.1}"
port = "${TARGET_TRINO_PORT:-8080}"
user = "${TARGET_TRINO_USER:-etl}"

[endpoint.new.s3]
region = "${S3_AWS_REGION:-us-east-1}"

# What moves where: endpoint:catalog.schema.table. * and ? are allowed in `from`; a * in `to` keeps the name.
[[move]]
from = "old:hive.sales.*"
to = "new:hive.sales.*"                     # or new:iceberg.sales.*: Trino then writes the rows anew
location = "s3://new-bucket/sales"          # where the files go, a folder for each table
# partitions = "dt >= '2024-01-01'"         # only these partitions
# method = "auto"                           # or "copy_files", "insert_select"
# via = "old_hive"                          # insert_select: the target's catalog that sees the source
# analyze = true                            # collect statistics afterwards
# prune = ["sales.orders"]                  # partitions that only the target has are removed from these tables

[options]
parallelism = 8                             # pieces of work at once
per_server = 4                              # of these, on one server
"""
