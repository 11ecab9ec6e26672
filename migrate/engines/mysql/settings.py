"""What a connection to a server is set to, before anything else is said."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from migrate.model.plan import EndpointRef

Kind = Literal["metadata", "read", "write", "lock"]
"""metadata, lock: text is str and integers are int. read, write: every value is the server's bytes, or None.

Only write may load local data. A lock session never goes back to the idle ones: what it holds ends with it.
"""

CONNECT_TIMEOUT = 10.0
"""Seconds for everything up to the end of authentication."""

# Name, literal, kinds that need it (none: all). Set where the server has the variable. What each is for:
# results must not be cut or refused (sql_select_limit, max_execution_time and MariaDB's max_statement_time,
# group_concat_max_len, sql_safe_updates); a transaction that waits for the other side must live (MariaDB's idle_*);
# information_schema must tell the present and everything (stats_expiry, gipk, old_temporals); DDL must create what it
# says (sql_generate_invisible_primary_key), and take what another server took (restrict_fk_on_non_standard_key, which
# any account may switch off for itself on 9.7); rows that stand at the source in spite of a check must arrive all the
# same (MariaDB's check_constraint_checks); COMMIT must end a transaction (completion_type); a statement that waits
# for others holds up whoever comes after it, and must not do so for the default, a year or 50 seconds, but give up, and
# be tried again (lock_wait_timeout, innodb_lock_wait_timeout); every warning must be told (max_error_count).
_PINNED: tuple[tuple[str, str, tuple[Kind, ...]], ...] = (
    ("autocommit", "1", ()),
    ("time_zone", "'+00:00'", ()),
    ("sql_mode", "'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'", ()),
    ("foreign_key_checks", "0", ()),
    ("unique_checks", "0", ("write",)),
    ("check_constraint_checks", "0", ("write",)),
    ("restrict_fk_on_non_standard_key", "0", ("write",)),
    ("lock_wait_timeout", "10", ("write",)),
    ("innodb_lock_wait_timeout", "10", ("write",)),
    ("group_concat_max_len", "4294967295", ()),
    ("net_read_timeout", "1800", ()),
    ("net_write_timeout", "1800", ()),
    ("wait_timeout", "86400", ()),
    ("sql_quote_show_create", "1", ()),
    ("sql_select_limit", "18446744073709551615", ()),
    ("sql_big_selects", "1", ()),
    ("sql_safe_updates", "0", ()),
    ("sql_auto_is_null", "0", ()),
    ("max_execution_time", "0", ()),
    ("max_statement_time", "0", ()),
    ("idle_transaction_timeout", "0", ()),
    ("idle_readonly_transaction_timeout", "0", ()),
    ("idle_write_transaction_timeout", "0", ()),
    ("completion_type", "0", ()),
    ("information_schema_stats_expiry", "0", ("metadata",)),
    ("show_gipk_in_create_table_and_information_schema", "1", ("metadata",)),
)
# To be set only by who may (SESSION_VARIABLES_ADMIN), and so only where the server's own value is another one.
_RESTRICTED = (
    ("sql_generate_invisible_primary_key", "OFF"),
    ("show_old_temporals", "OFF"),
    ("max_error_count", "65535"),
)
_ASKED = (
    *("version", "version_comment", "server_uuid", "server_uid", "server_id", "hostname", "port", "datadir"),
    *("local_infile", "read_only", "performance_schema"),
    *("super_read_only", "innodb_read_only", "max_allowed_packet", "lower_case_table_names", "gtid_mode", "log_bin"),
    *("log_bin_trust_function_creators", "log_replica_updates", "log_slave_updates"),
    *("rpl_semi_sync_source_enabled", "rpl_semi_sync_master_enabled"),
    *("sql_require_primary_key", "explicit_defaults_for_timestamp", "default_storage_engine", "innodb_page_size"),
    *("innodb_strict_mode", "character_set_server", "collation_server", "have_ssl", "secure_file_priv"),
)
_NAMES = ",".join(f"'{name}'" for name in (*_ASKED, *(row[0] for row in (*_PINNED, *_RESTRICTED))))
READ_VARIABLES = f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({_NAMES})"
"""Asks which of the variables named here the server has, and what they are for who has not set them."""

BEFORE_READING = "SET sql_select_limit=18446744073709551615"
"""SHOW obeys this limit too."""


def settings(kind: Kind, variables: Mapping[str, str]) -> str:
    """The one statement that pins a session of `kind`, on a server that has `variables`."""
    there = [
        f"{name}={value}"
        for name, value, kinds in _PINNED
        if name in variables and (not kinds or kind in kinds or (kind == "lock" and "metadata" in kinds))
    ]
    return "SET NAMES utf8mb4, " + ", ".join(there)


def restricted_settings(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Statements that pin the rest, each of which the server may refuse an ordinary account."""
    return tuple(f"SET {name}={value}" for name, value in _RESTRICTED if variables.get(name, value) != value)


def tls_context(ref: EndpointRef) -> ssl.SSLContext | None:
    """TLS when any ssl_* is set. ssl_verify: chain and host name; without it, the chain when there is an ssl_ca.

    Raises OSError for a file that cannot be read, with its name, or that is no certificate or key.
    """
    if not (ref.ssl_ca or ref.ssl_cert) and ref.ssl_verify:
        return None
    for path in filter(None, (ref.ssl_ca, ref.ssl_cert, ref.ssl_key)):
        with Path(path).open("rb"):  # the library does not say which one it could not read
            pass
    context = ssl.create_default_context(cafile=ref.ssl_ca or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # certificates that MySQL makes for itself lack the key identifiers
    if not ref.ssl_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED if ref.ssl_ca else ssl.CERT_NONE
    if ref.ssl_cert:
        context.load_cert_chain(ref.ssl_cert, ref.ssl_key or None)
    return context


def keep_alive(connected: socket.socket) -> None:
    """Notice within two minutes that the other machine is gone, even while waiting for a long statement."""
    for name, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):  # macOS before Python 3.10 and others lack some
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
