CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, KEY k (a), KEY hidden (a), KEY said (b));
