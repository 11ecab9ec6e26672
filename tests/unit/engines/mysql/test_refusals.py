"""A server's error number becomes one class, one sentence and one next step."""

from __future__ import annotations

import socket
import ssl

import pytest

from migrate.engines.mysql.refusals import refusal, unreachable
from migrate.errors import (
    AccessDenied,
    Busy,
    CannotConnect,
    ConnectionLost,
    DuplicateRow,
    MissingPrivilege,
    NoSpace,
    ReadOnlyServer,
    ServerError,
)
from migrate.model.plan import EndpointRef

REF = EndpointRef(engine="mysql", host="db.example", port=3307, user="app", password="s3cret-of-app")

KNOWN = (
    (1045, "Access denied for user 'app'@'x' (using password: YES)", AccessDenied),
    (1698, "Access denied for user 'root'@'x'", AccessDenied),
    (1130, "Host 'x' is not allowed to connect to this MySQL server", AccessDenied),
    (3118, "Access denied for user 'app'@'x'. Account is locked.", AccessDenied),
    (1053, "Server shutdown in progress", ConnectionLost),
    (1317, "Query execution was interrupted", ConnectionLost),
    (1927, "Connection was killed", ConnectionLost),
    (2006, "MySQL server has gone away", ConnectionLost),
    (2013, "Lost connection to MySQL server during query", ConnectionLost),
    (3169, "Session was killed", ConnectionLost),
    (1040, "Too many connections", Busy),
    (1203, "User app already has more than 'max_user_connections' active connections", Busy),
    (1205, "Lock wait timeout exceeded; try restarting transaction", Busy),
    (1213, "Deadlock found when trying to get lock; try restarting transaction", Busy),
    (1290, "The MySQL server is running with the --super-read-only option so it cannot execute it", ReadOnlyServer),
    (1836, "Running in read-only mode", ReadOnlyServer),
    (3100, "Error on observer while running replication hook 'before_commit'.", ReadOnlyServer),
    (1021, "Disk full (/tmp/x); waiting for someone to free some space...", NoSpace),
    (1114, "The table 't' is full", NoSpace),
    (1030, "Got error 28 from storage engine", NoSpace),
    (1030, "Got error 28 - 'No space left on device' from storage engine", NoSpace),
    (1026, "Error writing file '/x' (errno: 28 - No space left on device)", NoSpace),
    (1062, "Duplicate entry '1' for key 't.PRIMARY'", DuplicateRow),
    (1586, "Duplicate entry '1' for key 'PRIMARY'", DuplicateRow),
    (1044, "Access denied for user 'app'@'%' to database 'shop'", MissingPrivilege),
    (3159, "Connections using insecure transport are prohibited", CannotConnect),
    (1290, "The MySQL server is running with the --secure-file-priv option", ServerError),
    (1030, "Got error 168 - 'Unknown (generic) error from engine' from storage engine", ServerError),
    (1064, "You have an error in your SQL syntax", ServerError),
    (1020, "Record has changed since last read in table 't'", Busy),
    (1047, "WSREP has not yet prepared node for application use", Busy),
    (1047, "Unknown command", ServerError),
    (1969, "Query execution was interrupted (max_statement_time exceeded)", ServerError),
    (4025, "CONSTRAINT `t.a` failed for `shop`.`t`", ServerError),
    (4151, "Access denied, this account is locked", AccessDenied),
)


@pytest.mark.parametrize(("code", "text", "kind"), KNOWN, ids=[f"{row[0]}-{row[2].__name__}" for row in KNOWN])
def test_a_code_becomes_its_class_and_keeps_text_place_and_number(
    code: int, text: str, kind: type[ServerError]
) -> None:
    error = refusal("old", REF, code, text)
    assert type(error) is kind
    assert error.code == code
    assert error.message == f"old: {text.rstrip('.')} (app@db.example:3307, error {code})"
    assert "s3cret" not in error.message + error.hint


def test_only_what_may_pass_by_itself_is_temporary() -> None:
    temporary = {type(refusal("old", REF, code, text)) for code, text, _ in KNOWN}
    assert {kind.__name__ for kind in temporary if kind.temporary} == {"ConnectionLost", "Busy"}


@pytest.mark.parametrize(
    ("code", "text", "hint"),
    [
        (1142, "SELECT command denied to user 'app'@'h' for table 'orders'", "grant SELECT on table 'orders' to app"),
        (1142, "INDEX, ALTER command denied to user 'app'@'h' for table 'o'", "grant INDEX, ALTER on table 'o' to app"),
        (1143, "SELECT command denied to user 'a'@'h' for column 'c' in table 't'", None),
        (1227, "Access denied; you need (at least one of) the RELOAD privilege(s) for this operation", None),
        (1227, "Access denied; you need the PROCESS privilege for this operation", "grant PROCESS to app"),
        (1370, "alter routine command denied to user 'a'@'h' for routine 's.p'", "grant ALTER ROUTINE on routine"),
        (1044, "Access denied for user 'app'@'%' to database 'shop'", "grant the privilege on database 'shop' to app"),
        (1410, "You are not allowed to create a user with GRANT", "grant the privilege to app"),
    ],
)
def test_a_missing_privilege_is_named_in_the_hint(code: int, text: str, hint: str | None) -> None:
    error = refusal("old", REF, code, text)
    assert type(error) is MissingPrivilege
    expected = hint or {1143: "grant SELECT on column 'c' in table 't' to app", 1227: "grant RELOAD to app"}[code]
    assert error.hint.startswith(expected)


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the host db.example is unknown"),
        (ConnectionRefusedError(111, "refused"), "db.example:3307 refused the connection"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1)"), "db.example:3307 refused"),
        (TimeoutError(), "db.example:3307 did not answer within 10 s"),
        (OSError(113, "No route to host"), "cannot reach db.example:3307: [Errno 113] No route to host"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "db.example:3307: TLS failed"),
    ],
)
def test_each_reason_not_to_be_connected_has_its_own_sentence(cause: OSError, sentence: str) -> None:
    error = unreachable("old", cause, REF)
    assert isinstance(error, CannotConnect)
    assert error.message.startswith(f"old: {sentence}")
    assert error.hint


def test_a_connection_that_broke_later_is_not_called_unreachable() -> None:
    assert unreachable("old", ConnectionResetError(104, "reset"), REF) is None
