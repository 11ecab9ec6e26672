-- A column becomes invisible, another visible.
CREATE TABLE t (id INT PRIMARY KEY, a INT INVISIBLE, b INT);
