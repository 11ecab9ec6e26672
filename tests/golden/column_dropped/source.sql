-- ends: blocked
-- A column that only the target has goes with its values: nobody permitted that, so it is blocked.
CREATE TABLE t (id INT PRIMARY KEY);
INSERT INTO t VALUES (1);
