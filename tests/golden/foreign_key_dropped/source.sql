-- A foreign key that only the target has goes.
CREATE TABLE parent (id INT PRIMARY KEY, other INT, KEY (other));
CREATE TABLE child (id INT PRIMARY KEY, p INT, KEY p (p));
