"""What `migrate init` writes."""

from __future__ import annotations

EXAMPLE_MYSQL = """\
# The configuration of one plan. docs/configuration.md describes every key; `migrate show-config` shows what counts.
# ${NAME} and ${NAME:-default} stand for environment variables in every value; $$ is a dollar sign.

name = "shop"                               # names the plan: `migrate plan` writes plans/shop.toml

# Where data comes from and where it goes. The names are yours; moves use them.
[endpoint.old]
engine = "mysql"                            # the only one in this version
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
