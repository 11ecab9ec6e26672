"""Tables that views and foreign keys tie together are altered in parallel, and the server ends nothing as a dead lock.

Without care MySQL ends half of these statements (1213), and loses sight of tables with such names (1812).
"""

from __future__ import annotations

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import Migrate
from tests.e2e.whole import Whole
from tests.lab import Lab, client

NAMES = ("%", "it's", "a.b", "한글", "p", "q")
ALTERED = "id INT PRIMARY KEY, r INT, KEY k (r), v{0} VARCHAR(20) NOT NULL DEFAULT 'x'"
OLDER = "id INT PRIMARY KEY, r INT, KEY k (r)"


CALLED = "CREATE FUNCTION called () RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM `it's`)"


def statements(columns: str, keys: bool, views: str) -> list[str]:
    """Each table refers to the next, the last to the first; a view reads three neighbours, another one all views.

    One more calls a function, which reads a table that it does not name.
    """
    made = [f"CREATE TABLE `{name}` ({columns.format(n)})" for n, name in enumerate(NAMES)]
    made += [f"INSERT INTO `{name}` (id, r) VALUES (1, 1), (2, 1)" for name in NAMES]
    after = [*NAMES[1:], NAMES[0]]
    made += [
        f"ALTER TABLE `{name}` ADD CONSTRAINT k{n} FOREIGN KEY (r) REFERENCES `{parent}` (id)"
        for n, (name, parent) in enumerate(zip(NAMES, after, strict=True))
        if keys
    ]
    for n in range(len(NAMES)):
        one, two, three = (NAMES[(n + more) % len(NAMES)] for more in range(3))
        made.append(f"CREATE VIEW view{n} AS SELECT a.id{views} AS id FROM `{one}` a JOIN `{two}` b JOIN `{three}` c")
    made.append("CREATE VIEW `over` AS SELECT " + ", ".join(f"view{n}.id AS id{n}" for n in range(len(NAMES))) +
                " FROM " + " JOIN ".join(f"view{n}" for n in range(len(NAMES))))  # fmt: skip
    made += [CALLED, f"CREATE VIEW calling AS SELECT id{views} AS id, called() AS n FROM `%`"]
    return made


@pytest.mark.parametrize("server", ["target", "new"])
def test_what_is_tied_together_is_altered_without_a_dead_lock(
    server: str, migrate: Migrate, everywhere: Lab, fresh_everywhere: FreshSchemas
) -> None:
    source, target = everywhere.source, everywhere.servers[server]
    schema, goal = fresh_everywhere("apart", source), fresh_everywhere("apart_to", target)
    for place, name, made in (
        (source, schema, statements(ALTERED, keys=True, views=" + 1")),
        (target, goal, statements(OLDER, keys=False, views="")),
    ):
        with client.connect(place) as connection, connection.cursor() as cursor:
            cursor.execute(f"USE `{name}`")
            for statement in made:
                cursor.execute(statement)
    whole = Whole(migrate, source, target, {schema: goal})
    plan = whole.plan()
    assert len(plan.actions("alter-table")) == len(plan.actions("add-foreign-keys")) == len(NAMES)
    assert len(plan.actions("create-view")) == len(NAMES) + 1
    ran = whole.apply()
    assert ran.of("waiting") == []
    whole.assert_there()
    whole.rests()
