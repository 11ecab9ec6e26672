-- An index of the same name over other columns, one made invisible, one with a comment.
CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, KEY k (b, a), KEY hidden (a) INVISIBLE, KEY said (b) COMMENT 'why');
