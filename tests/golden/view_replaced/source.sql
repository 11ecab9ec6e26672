-- A view of another text is replaced; an equal one is left alone; one that only the target has stays.
CREATE TABLE t (id INT PRIMARY KEY, n INT);
CREATE VIEW v AS SELECT id FROM t;
CREATE VIEW same AS SELECT n FROM t;
