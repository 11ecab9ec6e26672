-- A definer that the target lacks is kept, and said.
CREATE TABLE t (id INT PRIMARY KEY, n INT);
CREATE DEFINER=`nobody`@`nowhere` VIEW v AS SELECT id FROM t;
