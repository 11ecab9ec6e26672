-- An index that only the target has goes: no value does.
CREATE TABLE t (id INT PRIMARY KEY, a INT);
