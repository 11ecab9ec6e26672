-- ends: equal
-- The target has a table of the same shape with other rows: they are counted and synced. A row that only the target has
-- stays, and is counted too.
CREATE TABLE other_rows (id INT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE untouched (id INT PRIMARY KEY);
INSERT INTO other_rows VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO untouched VALUES (1);
