-- move: definer = "drop"
-- The definer is left out: whoever applies becomes it.
CREATE TABLE t (id INT PRIMARY KEY, n INT);
CREATE DEFINER=`nobody`@`nowhere` VIEW v AS SELECT id FROM t;
