"""Every error that `migrate` raises on purpose, drawn once.

    MigrateError                         exit
    ├── UsageError                        64   the command line is wrong
    │   ├── UnknownStep                        --skip names a step that the plan does not have
    │   └── BadPattern                         endpoint:schema.table was expected
    ├── BadPlan                           65   the plan file cannot be used
    │   ├── BrokenPlan                         not TOML, or not a plan
    │   ├── BrokenSeal                         somebody edited a sealed part
    │   └── WrongDigest                        --expect names other bytes
    ├── MissingFile                       66   a plan or a configuration is not there
    ├── CannotWrite                        1   a file cannot be written
    ├── BadConfig                         78   the configuration cannot be used
    ├── NothingMatches                     1   a pattern that matches no table
    ├── ServerError                        1   a server refused; `code` is the server's own number
    │   ├── CannotConnect                      unknown host, refused, timed out
    │   ├── AccessDenied                       wrong user or password
    │   ├── MissingPrivilege                   the account may not do that
    │   ├── ConnectionLost                     the server went away in the middle (temporary)
    │   ├── Busy                               dead lock, lock wait, too many connections (temporary)
    │   ├── ReadOnlyServer                     the target does not take writes
    │   ├── NoSpace                            disk, tablespace or quota full
    │   ├── DuplicateRow                       a unique key refused a row
    │   ├── AlreadyThere                       an object of that name is there already
    │   ├── NotThere                           there is no object of that name
    │   ├── BadKey                             an object whose key no listing can take
    │   ├── InArchive                          an object that must be restored before it can be read
    │   └── SnapshotLost                       all connections that saw the source's moment are gone
    ├── UnreadableDdl                      1   a server's text of DDL that is not understood
    ├── LossyWrite                         1   the target changed a value or dropped a row on the way in
    ├── ValueHeld                          1   a row that stays on the target holds a unique value
    ├── BadFilter                          1   a condition on partitions that names something else
    ├── ObjectDiffers                      1   below a location of our own stands what we did not copy
    ├── UnfinishedPlan                     1   gc of a plan that is neither done nor rolled back
    ├── SourceMoved                        3   files of the source changed while they were copied
    ├── StateError                         1   the state file cannot be used
    ├── StalePlan                          4   a side is not what was planned
    ├── Locked                             5   another run holds the lock
    ├── Blocked                            6   a step that nobody permitted
    ├── Different                          7   both sides are not equal
    └── Stopped                            3   apply ended part way; can be resumed
        └── Interrupted                  130   by the user; 143 when by SIGTERM

A class builds its sentence from its fields: what happened, where, and the next thing to do (`hint`).
"""

from __future__ import annotations


class MigrateError(Exception):
    """What happened and where, in one sentence; `hint` is the next thing to do; `exit_code` is the process's."""

    exit_code = 1
    temporary = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(MigrateError):
    """The command line is wrong."""

    exit_code = 64


class UnknownStep(UsageError):
    """A step id that the plan does not have."""

    def __init__(self, step: str, nearest: str | None) -> None:
        super().__init__(
            f"no step {step!r} in this plan",
            f"did you mean {nearest!r}?" if nearest else "`migrate show PLAN` lists the steps",
        )
        self.step = step


class BadPattern(UsageError):
    """A pattern that is not endpoint:schema.table."""

    def __init__(self, pattern: str, why: str) -> None:
        super().__init__(f"cannot read the pattern {pattern!r}: {why}", "write endpoint:schema.table, * and ? allowed")
        self.pattern = pattern


class BadPlan(MigrateError):
    """The plan file cannot be used."""

    exit_code = 65


class BrokenPlan(BadPlan):
    """The file is not TOML, or its content is not a plan."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} is not a plan: {why}", "restore the file, or make it again with `migrate plan`")
        self.path = path


class BrokenSeal(BadPlan):
    """A sealed part of the plan was edited; `where` names the step or section."""

    def __init__(self, path: str, where: str) -> None:
        super().__init__(
            f"{path}: the seal is broken: {where} is not what `migrate plan` wrote",
            "a plan is reviewed, never edited: change the configuration and run `migrate plan` again",
        )
        self.path = path
        self.where = where


class WrongDigest(BadPlan):
    """The plan is whole, but it is not the one that was approved."""

    def __init__(self, path: str, expected: str, actual: str) -> None:
        super().__init__(
            f"{path} has digest {actual}, approved was {expected}", "apply the reviewed file, or have this one reviewed"
        )


class MissingFile(MigrateError):
    """A file named on the command line, or looked for by default, is not there or cannot be read."""

    exit_code = 66

    def __init__(self, path: str, what: str, hint: str, why: str = "does not exist") -> None:
        super().__init__(f"the {what} {path} {why}", hint)
        self.path = path


class CannotWrite(MigrateError):
    """A file of ours cannot be written; what stood there before is untouched."""

    def __init__(self, path: str, what: str, why: str) -> None:
        super().__init__(f"the {what} {path} cannot be written: {why}", "make room, or name another folder")
        self.path = path


class BadConfig(MigrateError):
    """The configuration cannot be used; `place` is like `$.move[1].partitons`."""

    exit_code = 78

    def __init__(self, path: str, place: str, why: str, hint: str = "") -> None:
        super().__init__(f"{path}: {place}: {why}" if place else f"{path}: {why}", hint)
        self.path = path
        self.place = place


class NothingMatches(MigrateError):
    """A pattern that matches no table; a typo would otherwise move nothing in silence."""

    def __init__(self, endpoint: str, pattern: str, nearest: tuple[str, ...]) -> None:
        super().__init__(
            f"no table on {endpoint} matches {pattern!r}",
            f"nearest: {', '.join(nearest)}" if nearest else f"`migrate analyze '{endpoint}:*.*'` lists what is there",
        )
        self.pattern = pattern


class ServerError(MigrateError):
    """A server refused. `endpoint` is its name in the configuration, `code` the server's own number (0: none).

    `name` is the server's own name of the error, such as TABLE_NOT_FOUND, where it has one.
    """

    def __init__(self, endpoint: str, message: str, hint: str = "", code: int = 0, name: str = "") -> None:
        super().__init__(f"{endpoint}: {message}", hint)
        self.endpoint = endpoint
        self.code = code
        self.name = name


class CannotConnect(ServerError):
    """Unknown host, refused, timed out."""


class AccessDenied(ServerError):
    """Wrong user or password."""


class MissingPrivilege(ServerError):
    """The account may not do that."""


class ConnectionLost(ServerError):
    """The server went away in the middle."""

    temporary = True


class Busy(ServerError):
    """Dead lock, lock wait timeout, too many connections: a retry may pass."""

    temporary = True


class ReadOnlyServer(ServerError):
    """The target does not take writes."""


class NoSpace(ServerError):
    """Disk, tablespace or quota full."""


class DuplicateRow(ServerError):
    """A unique key refused a row."""


class AlreadyThere(ServerError):
    """An object of that name is there already."""


class NotThere(ServerError):
    """There is no object of that name."""


class BadKey(ServerError):
    """Below a location stands an object that cannot be listed; `partition` is the one that it is in, where known.

    `key` is the whole key, or the part of it that is wrong, as the client spells it.
    """

    def __init__(self, endpoint: str, place: str, key: str, partition: str = "") -> None:
        named = f"the key {key!r}" if key else "a key"
        super().__init__(
            endpoint,
            f"{place}: {named} below it cannot be reached:"
            " it has an empty part, a part . or .., or a control character",
            "rename or delete that object, or leave its table or partition out",
        )
        self.place = place
        self.key = key
        self.partition = partition


class InArchive(ServerError):
    """An object whose storage class has no content at hand; `partition` names where it is, and what else is so."""

    def __init__(self, endpoint: str, place: str, code: int = 0, partition: str = "") -> None:
        super().__init__(
            endpoint,
            f"{place}: it is in an archive (Glacier, or a tier like it), and cannot be read",
            "restore the objects from the archive first, or leave the partition out with `partitions`",
            code,
        )
        self.partition = partition


class SnapshotLost(ServerError):
    """All connections that saw the source's moment are gone; another run opens a new one."""

    exit_code = 3

    def __init__(self, endpoint: str) -> None:
        super().__init__(
            endpoint,
            "all connections that saw its one moment are gone",
            "run the same command again: it reads at a new moment, and brings to it what is there already",
        )


class UnreadableDdl(MigrateError):
    """A text that a server printed cannot be cut or renamed safely; `text` is the whole of it, `why` says where."""

    def __init__(self, text: str, why: str) -> None:
        shown = " ".join(text.split())
        super().__init__(
            f"cannot read this definition safely: {why}: {shown[:80]}{'…' if len(shown) > 80 else ''}",
            "leave the object out with an exclude pattern, and report the definition",
        )
        self.text = text
        self.why = why


class LossyWrite(MigrateError):
    """The target changed a value or dropped a row on the way in: nothing of that chunk is kept.

    `duplicate`: a unique key refused a row.
    """

    def __init__(self, place: str, warnings: str, duplicate: bool = False) -> None:
        hint = (
            "a unique key has a value twice under the target's collation, or another row is there already: change or"
            " delete one of these rows"
        )
        super().__init__(
            f"{place}: the target did not take the rows as they are: {warnings}", hint if duplicate else ""
        )
        self.duplicate = duplicate


class ValueHeld(MigrateError):
    """A unique value of a row is held by another one of the target, most likely one that only it has and keeps."""

    def __init__(self, table: str, why: str) -> None:
        super().__init__(
            f"{table}: a row of the target, most likely one that only it has and keeps, holds a value that is unique:"
            f" {why}",
            f"delete or change that row, or plan again with --prune '{table}'",
        )


class BadFilter(MigrateError):
    """A condition on partitions that the server refuses, or that names what is no partition column."""

    def __init__(self, table: str, why: str, hint: str) -> None:
        super().__init__(f"{table}: partitions: {why}", hint)


class ObjectDiffers(MigrateError):
    """Below a location that is this plan's alone stands an object that it did not copy, or one was lost there."""

    def __init__(self, location: str, why: str) -> None:
        super().__init__(f"{location}: {why}", "see who else writes there, then run the same command again")


class UnfinishedPlan(MigrateError):
    """What a plan has begun and not done is no garbage yet."""

    def __init__(self, target: str) -> None:
        super().__init__(f"{target}: this plan is not done there", "apply it, or roll it back, before gc")


class SourceMoved(MigrateError):
    """Files of the source changed since the plan was made, and were not taken."""

    exit_code = 3

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: its files changed while they were copied", "plan again: migrate plan")


class StateError(MigrateError):
    """The state file cannot be used."""


class StalePlan(MigrateError):
    """A side is not what was planned; `differences` is one readable line each."""

    exit_code = 4

    def __init__(self, differences: tuple[str, ...], hint: str) -> None:
        super().__init__("the plan is stale, nothing was changed:\n  " + "\n  ".join(differences), hint)
        self.differences = differences


class Locked(MigrateError):
    """Another run holds the lock."""

    exit_code = 5


class Blocked(MigrateError):
    """The plan holds steps that nobody permitted."""

    exit_code = 6


class Different(MigrateError):
    """Both sides are not equal."""

    exit_code = 7


class Stopped(MigrateError):
    """Apply ended part way; the hint is the command that resumes it."""

    exit_code = 3


class Interrupted(Stopped):
    """Ended by the user with a clean checkpoint: 130 for Ctrl-C, 143 for SIGTERM."""

    exit_code = 130

    def __init__(self, message: str, hint: str, terminated: bool = False) -> None:
        super().__init__(message, hint)
        if terminated:
            self.exit_code = 143
