-- ends: blocked
-- The target has a table of the same shape with other rows: a finding and a blocked step, which apply refuses; the rest of
-- the plan is whole.
CREATE TABLE other_rows (id INT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE untouched (id INT PRIMARY KEY);
INSERT INTO other_rows VALUES (1, 'a'), (2, 'b');
INSERT INTO untouched VALUES (1);
