"""What servers can have, as far as the walk makes use of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flavour:
    """A kind of server: a walk makes only what both of its servers take without another word.

    `hidden` is the word of an index that no query uses.
    """

    name: str
    maria: bool = False
    checks: bool = True
    functional: bool = True
    descending: bool = True
    hidden: str = "INVISIBLE"
    hidden_columns: bool = True
    expression_defaults: bool = True
    srid: bool = True
    keys_beside_virtual: bool = True
    engines: tuple[str, ...] = ("InnoDB", "MyISAM")
    collations: tuple[str, ...] = (
        "utf8mb4_bin",
        "utf8mb4_general_ci",
        "utf8mb4_0900_ai_ci",
        "utf8mb4_unicode_ci",
        "utf8mb3_general_ci",
        "latin1_swedish_ci",
        "latin1_bin",
        "ascii_general_ci",
    )


MYSQL8 = Flavour("8.0")
MYSQL9 = Flavour("9.7")
MYSQL57 = Flavour(
    "5.7",
    checks=False,
    functional=False,
    descending=False,
    hidden="",
    hidden_columns=False,
    expression_defaults=False,
    srid=False,
    keys_beside_virtual=False,
    collations=(
        "utf8mb4_bin",
        "utf8mb4_general_ci",
        "utf8mb4_unicode_ci",
        "utf8_general_ci",
        "utf8_bin",
        "latin1_swedish_ci",
        "latin1_bin",
        "ascii_general_ci",
    ),
)
MARIADB = Flavour(
    "MariaDB",
    maria=True,
    functional=False,
    hidden="IGNORED",
    srid=False,
    engines=("InnoDB", "MyISAM", "Aria"),
    collations=(
        "utf8mb4_bin",
        "utf8mb4_general_ci",
        "utf8mb4_uca1400_ai_ci",
        "utf8mb4_unicode_ci",
        "utf8mb3_general_ci",
        "latin1_swedish_ci",
        "latin1_bin",
        "ascii_general_ci",
    ),
)
