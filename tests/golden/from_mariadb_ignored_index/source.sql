-- servers: maria11 -> target
-- An ignored index is an invisible one.
CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY k (a) IGNORED);
