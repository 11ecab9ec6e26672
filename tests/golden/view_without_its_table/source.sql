-- options: --exclude shop.secret
-- A view needs a table that a rule leaves out: it stays behind, and so does the view above it.
CREATE TABLE t (id INT PRIMARY KEY, n INT);
CREATE TABLE secret (id INT PRIMARY KEY);
CREATE VIEW below AS SELECT id FROM secret;
CREATE VIEW above AS SELECT id FROM below;
CREATE VIEW fine AS SELECT id FROM t;
