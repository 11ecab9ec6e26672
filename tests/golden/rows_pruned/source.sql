-- ends: equal
-- options: --prune shop.*
-- Rows that only the target has are counted, and deleted where the plan says so; children of what is synced are checked.
CREATE TABLE parents (id INT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE children (id INT PRIMARY KEY, parent INT, CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parents (id));
INSERT INTO parents VALUES (1, 'a'), (2, 'b');
INSERT INTO children VALUES (1, 1);
