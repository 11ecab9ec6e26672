-- ends: blocked
-- Other rows in a table without a key cannot be told apart: a finding and a blocked step, which apply refuses.
CREATE TABLE bag (id INT, name VARCHAR(80));
INSERT INTO bag VALUES (1, 'a'), (1, 'a');
