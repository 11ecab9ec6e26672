"""What a server's error number means to us: one class of `migrate.errors`, one sentence, one next step.

Numbers: MySQL 8.0 Server Error Message Reference; those of MariaDB are marked. Pure: no connection.
"""

from __future__ import annotations

import re
import socket
import ssl

import pymysql.err
from pymysql.constants import CR

from migrate.engines.mysql.settings import CONNECT_TIMEOUT
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

CANNOT_CONNECT = frozenset({1129, 1251, 2003, 2026, 2058, 2059, 3159})
ACCESS_DENIED = frozenset({1045, 1130, 1524, 1698, 1820, 1862, 3118, 3955, 4151})  # 4151: MariaDB, account locked
MISSING_PRIVILEGE = frozenset({1044, 1095, 1142, 1143, 1227, 1370, 1410, 1419})
# 1317 comes before the end of a connection that somebody killed, 1927 is the same in MariaDB, 4031 an idle time-out.
CONNECTION_LOST = frozenset({1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 2006, 2013, 2014, 2027})
CONNECTION_LOST |= {2055, 3168, 3169, 4031}
# 1020: MariaDB with innodb_snapshot_isolation, on by default since 11.6: another transaction changed the row meanwhile.
BUSY = frozenset({1020, 1040, 1203, 1205, 1213, 1226, 3572})
NOT_READY = 1047
"""An unknown command, or a node of a Galera cluster (MariaDB) that is not in step with the others."""
READ_ONLY = frozenset({1792, 1836, 3100})
OPTION_PREVENTS = 1290
NO_SPACE = frozenset({1021, 1114, 3675})
DUPLICATE_ROW = frozenset({1022, 1062, 1586, 1859})

_DISK = re.compile(r"No space left|[Dd]isk quota|(?:errno|Errcode|error): (?:28|122|139)\b|error (?:28|122|139) from")
_READ_ONLY = re.compile(r"read[-_ ]only", re.IGNORECASE)
_UNFIT = "a value does not fit: correct it at the source, or widen the column on the target"
_BROKEN = "a row breaks this check of the target: correct the row, or the check"
_TWICE = "the target holds another row with this key, or a value is there twice under the target's collation"
_TOO_LONG = "raise MAX_STATEMENT_TIME of the account, or max_statement_time of the server"
_NEEDED = (
    re.compile(r"need \(?(?:at least one of\)? )?(?:the )?(?P<privilege>[A-Z_ ,]+?) privilege"),
    re.compile(r"^(?P<privilege>[A-Za-z ,]+?) command denied .* for (?P<what>\w+ .+)$"),
    re.compile(r"do not have the (?P<privilege>[A-Z_ ,]+?) privilege"),
    re.compile(r"to (?P<what>database .+)$"),
)

_HINTS = {
    1020: "another transaction changed the same row: run the same command again",
    1040: "raise max_connections on the server, or lower parallelism and per_server",
    1041: "the server is out of memory: free some, or lower parallelism",
    1049: "create the schema, or correct its name in the configuration",
    1054: "a column is named that the table does not have: correct the condition, or run `migrate plan` again",
    1115: "the server does not know this character set: it is of another version or vendor",
    1118: "the row is too long for the target's row format or page size",
    1129: "run FLUSH HOSTS on the server",
    1130: "create the account for this host: CREATE USER … @ '%'",
    1146: "the table was dropped or renamed: run `migrate plan` again",
    1148: "SET GLOBAL local_infile=ON on the server",
    1153: "raise max_allowed_packet on the server",
    1203: "raise max_user_connections for the account, or lower parallelism and per_server",
    1226: "raise the limits of the account, or lower parallelism and per_server",
    1264: _UNFIT,
    1265: _UNFIT,
    1273: "the server does not know this collation: it is of another version or vendor",
    1292: _UNFIT,
    1366: _UNFIT,
    1406: _UNFIT,
    # bugs.mysql.com 120561: after an ALTER that was rolled back, where a name has letters that file names do not have.
    1812: "where its file is there, restart the server, which then finds it, and run the same command again",
    1412: "the table was altered while it was read: run `migrate plan` again",
    1820: "give the account a new password: the server wants it changed",
    1862: "give the account a new password: it has expired",
    1901: "the server does not take this expression there: it is of another version or vendor",
    1969: _TOO_LONG,  # MariaDB
    3118: "unlock the account: ALTER USER … ACCOUNT UNLOCK",
    3159: "set ssl_ca for this endpoint: the server takes encrypted connections only",
    3750: "the server wants a primary key on every table: SET GLOBAL sql_require_primary_key=OFF, or add one",
    3819: _BROKEN,
    3948: "SET GLOBAL local_infile=ON on the server",
    4025: _BROKEN,  # MariaDB
    4151: "unlock the account: ALTER USER … ACCOUNT UNLOCK",  # MariaDB
    4161: "the server does not know this type: it is of another version or vendor",  # MariaDB
    4166: "SET GLOBAL local_infile=ON on the server",  # MariaDB
}


def named(
    endpoint: str, error: BaseException, ref: EndpointRef, place: str = "", connecting: bool = False
) -> ServerError:
    """The error of `migrate.errors` that says what the driver's `error` means; `place` (a table) leads the sentence."""
    cause = error.__cause__ if isinstance(error, pymysql.err.OperationalError) and error.__cause__ else error
    code, text = code_and_text(error)
    if connecting and (cannot := unreachable(endpoint, cause, ref)):
        return cannot
    if isinstance(error, pymysql.err.MySQLError) and code:
        return refusal(endpoint, ref, code, f"{place}: {text}" if place else text)
    # The driver could not make sense of what came: the peer went away in the middle, or the packets are out of step.
    return refusal(endpoint, ref, CR.CR_SERVER_LOST, f"the connection broke: {text or type(error).__name__}")


def refusal(endpoint: str, ref: EndpointRef, code: int, text: str) -> ServerError:
    """The error that this number means. The message holds the server's own `text`, who asked and where, and the number.

    Never holds the password: `text` is the server's, and it does not know it.
    """
    said = f"{text.strip().rstrip('.') or 'no reason given'} ({ref.user}@{ref.host}:{ref.port}, error {code})"
    hint = _HINTS.get(code, "")
    if code in ACCESS_DENIED:
        return AccessDenied(endpoint, said, hint or "check user and password of this endpoint", code)
    if code in MISSING_PRIVILEGE:
        return _missing_privilege(endpoint, ref, code, text, said)
    if code in CANNOT_CONNECT:
        return CannotConnect(endpoint, said, hint or "check host, port and ssl_* of this endpoint", code)
    if code in CONNECTION_LOST:
        hint = "the server ended the connection: see its error log; run the same command again to go on"
        return ConnectionLost(endpoint, said, hint, code)
    if code in BUSY or (code == NOT_READY and "WSREP" in text):
        return Busy(endpoint, said, hint or "another transaction was in the way: run the same command again", code)
    if code in READ_ONLY or (code == OPTION_PREVENTS and _READ_ONLY.search(text)):
        return ReadOnlyServer(endpoint, said, "name the primary server as the target, or switch read_only off", code)
    if code in NO_SPACE or _DISK.search(text):
        return NoSpace(endpoint, said, "free space on the server, then run the same command again", code)
    if code in DUPLICATE_ROW:
        return DuplicateRow(endpoint, said, _TWICE, code)
    return ServerError(endpoint, said, hint, code)


def _missing_privilege(endpoint: str, ref: EndpointRef, code: int, text: str, said: str) -> MissingPrivilege:
    """Says which privilege, as far as the server says it."""
    found = next((match for pattern in _NEEDED if (match := pattern.search(text))), None)
    named = found.groupdict() if found else {}
    privilege = " ".join((named.get("privilege") or "").replace("(s)", "").split()).upper()
    privilege = "SELECT" if privilege == "SHOW" else privilege  # SHOW is no privilege: any on the table will do
    what = (named.get("what") or "").strip()
    hint = f"grant {privilege or 'the privilege'}{f' on {what}' if what else ''} to {ref.user}"
    return MissingPrivilege(endpoint, said, hint, code)


def unreachable(endpoint: str, cause: BaseException, ref: EndpointRef) -> CannotConnect | None:
    """What kept a connection from being made at all; None when `cause` is nothing of that kind."""
    at = f"{ref.host}:{ref.port}"
    if isinstance(cause, socket.gaierror):
        return CannotConnect(
            endpoint, f"the host {ref.host} is unknown ({cause.strerror})", "check host of this endpoint"
        )
    if isinstance(cause, ssl.SSLError):
        why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)
        return CannotConnect(
            endpoint,
            f"{at}: TLS failed: {why}",
            "check ssl_ca; ssl_verify = false does not compare the host name",
        )
    if isinstance(cause, TimeoutError):
        return CannotConnect(
            endpoint,
            f"{at} did not answer within {CONNECT_TIMEOUT:.0f} s",
            "check host and port of this endpoint and the firewall between",
        )
    # asyncio gives "Multiple exceptions: […]" without a number when a name has several addresses.
    if isinstance(cause, ConnectionRefusedError) or "Connect call failed" in str(cause):
        return CannotConnect(
            endpoint, f"{at} refused the connection", "start the server, or check port of this endpoint"
        )
    if isinstance(cause, OSError) and not isinstance(cause, ConnectionError):
        return CannotConnect(endpoint, f"cannot reach {at}: {cause}", "check host and port of this endpoint")
    return None


def not_mysql(endpoint: str, ref: EndpointRef, error: BaseException) -> CannotConnect:
    """Something answers, but not as MySQL does."""
    return CannotConnect(
        endpoint,
        f"what answers at {ref.host}:{ref.port} does not speak MySQL's protocol ({error or type(error).__name__})",
        "check host and port of this endpoint",
    )


def code_and_text(error: BaseException) -> tuple[int, str]:
    """The number that the server or the driver gave, or 0, and the words."""
    arguments = error.args
    if len(arguments) == 2 and isinstance(arguments[0], int):
        return arguments[0], str(arguments[1])
    return 0, str(error)
