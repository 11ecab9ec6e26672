"""Changes of generated columns, and of what they are computed from, one a case."""

from __future__ import annotations

from tests.engines.mysql_changes import Change

COMPUTED: dict[str, Change] = {
    "virtual expression": Change(
        "(a int, v int AS (a + 1) VIRTUAL)", "(a int, v int AS (a + 2) VIRTUAL)", "(a) VALUES (1)", "a", "lossy"
    ),
    "stored expression": Change(
        "(a int, v int AS (a + 1) STORED)", "(a int, v int AS (a + 2) STORED)", "(a) VALUES (1)", "a", "lossy"
    ),
    "virtual to stored": Change(
        "(a int, v int AS (a + 1) VIRTUAL, KEY v (v))",
        "(a int, v int AS (a + 1) STORED, KEY v (v))",
        "(a) VALUES (1)",
        "a, v",
    ),
    "stored to virtual": Change(
        "(a int, v int AS (a + 1) STORED, b int)", "(a int, v int AS (a + 1) VIRTUAL, b int)", "(a) VALUES (1)", "a, v"
    ),
    "stored to plain": Change("(a int, v int AS (a + 1) STORED)", "(a int, v int)", "(a) VALUES (1)", "a, v"),
    "plain to stored": Change(
        "(a int, v int)", "(a int, v int AS (a + 1) STORED)", "(a) VALUES (1)", "a", "destructive"
    ),
    "plain to virtual": Change(
        "(a int, v int, z int, KEY v (v, z))",
        "(a int, v int AS (a + 1) VIRTUAL, z int, KEY v (v, z))",
        "(a) VALUES (1)",
        "a, z",
        "destructive",
    ),
    "virtual to plain": Change(
        "(a int, v int AS (a + 1) VIRTUAL, z int)", "(a int, v int, z int)", "(a) VALUES (1)", "a, z", "destructive"
    ),
    "generated type": Change(
        "(a int, v varchar(20) AS (concat(a, 'x')) VIRTUAL)",
        "(a int, v varchar(30) AS (concat(a, 'x')) VIRTUAL)",
        "(a) VALUES (1)",
        "a",
        "lossy",
    ),
    "generated column added": Change(
        "(a int)", "(a int, v int AS (a + 1) VIRTUAL, s int AS (a * 2) STORED)", "(a) VALUES (1)", "a"
    ),
    "virtual column added": Change("(a int)", "(a int, v int AS (a + 1) VIRTUAL)", "(a) VALUES (1)", "a"),
    "virtual column moved": Change(
        "(a int, v int AS (a + 1) VIRTUAL, b int)", "(v int AS (a + 1) VIRTUAL, a int, b int)", "(a) VALUES (1)", "a, v"
    ),
    "virtual upon virtual becomes stored": Change(
        "(a int, v int AS (a + 1) VIRTUAL, w int AS (v + 1) VIRTUAL)",
        "(a int, v int AS (a + 1) STORED, w int AS (v + 1) VIRTUAL)",
        "(a) VALUES (1)",
        "a, v, w",
        needs=("remade below others",),
    ),
    "remade below a stored one and an index": Change(
        "(a int, v int AS (a + 1) VIRTUAL, w int AS (v + 1) VIRTUAL, x int AS (w + 1) STORED, KEY w (w), KEY v (v, x))",
        "(a int, v int AS (a + 1) STORED, w int AS (v + 1) VIRTUAL, x int AS (w + 1) STORED, KEY w (w), KEY v (v, x))",
        "(a) VALUES (1)",
        "a, v, w, x",
        needs=("remade below others",),
    ),
    "remade below a check": Change(
        "(a int, v int AS (a + 1) VIRTUAL, d int, CONSTRAINT r1 CHECK (v > d))",
        "(a int, v int AS (a + 1) STORED, d int, CONSTRAINT r1 CHECK (v > d))",
        "(a, d) VALUES (1, 1)",
        "a, v, d",
        needs=("check",),
    ),
    "remade below a check that is no longer enforced": Change(
        "(a int, v int AS (a + 1) VIRTUAL, d int, CONSTRAINT r2 CHECK (v > d))",
        "(a int, v int AS (a + 1) STORED, d int, CONSTRAINT r2 CHECK (v > d) NOT ENFORCED)",
        "(a, d) VALUES (1, 1)",
        "a, v, d",
        needs=("not enforced",),
    ),
    "remade below a functional index": Change(
        "(a int, v int AS (a + 1) VIRTUAL, KEY f ((v + 1)))",
        "(a int, v int AS (a + 1) STORED, KEY f ((v + 1)))",
        "(a) VALUES (1)",
        "a, v",
        needs=("functional index",),
    ),
    "remade below a default": Change(
        "(a int, v int AS (a + 1) VIRTUAL, d int DEFAULT (v + 1))",
        "(a int, v int AS (a + 1) STORED, d int DEFAULT (v + 1))",
        "(a) VALUES (1)",
        "a, v, d",
        needs=("functional index",),
    ),
    "remade below partitions": Change(
        "(a int, v int AS (a + 1) STORED) PARTITION BY HASH (v) PARTITIONS 2",
        "(a int, v int AS (a + 1) VIRTUAL) PARTITION BY HASH (v) PARTITIONS 2",
        "(a) VALUES (1)",
        "a, v",
    ),
    "virtual to plain of another type in an index": Change(
        "(a bigint NOT NULL, f bigint AS (a + 1) VIRTUAL, PRIMARY KEY (a), KEY b (a, f))",
        "(a bigint NOT NULL, f tinyint(1) NOT NULL, PRIMARY KEY (a), KEY b (a, f))",
        "(a) VALUES (1)",
        "a",
        "destructive",
    ),
    "computed from another column, the first one goes": Change(
        "(a int, b int, v int AS (a + 1) VIRTUAL, s int AS (a + 2) STORED)",
        "(b int, v int AS (b + 1) VIRTUAL, s int AS (b + 2) STORED)",
        "(a, b) VALUES (1, 5)",
        "b",
        "destructive",
        older=2,
    ),
    "computed column called like a word of its own": Change(
        "(a int, b int, `1` int AS (a + 1) VIRTUAL)",
        "(b int, `1` int AS (b + 1) VIRTUAL)",
        "(a, b) VALUES (1, 5)",
        "b",
        "destructive",
        older=2,
    ),
    "computed columns go with what they are computed from": Change(
        "(a int, b int, v int AS (a + 1) VIRTUAL, w int AS (v + 1) VIRTUAL, KEY w (w), KEY bw (b, w))",
        "(b int, KEY bw (b))",
        "(a, b) VALUES (1, 5)",
        "b",
        "destructive",
        older=3,
    ),
    "default computed from another column, the first one goes": Change(
        "(a int, b int, d int DEFAULT (a + 1))",
        "(b int, d int DEFAULT (b + 1))",
        "VALUES (1, 5, 7)",
        "b, d",
        "destructive",
        needs=("default expression",),
    ),
    "computed from a column that gets another type and case": Change(
        "(Aa int, v int AS (Aa + 1) VIRTUAL, s int AS (Aa + 2) STORED)",
        "(aA bigint, v int AS (aA + 1) VIRTUAL, s int AS (aA + 2) STORED)",
        "(aa) VALUES (1)",
        "aa, v, s",
    ),
}
