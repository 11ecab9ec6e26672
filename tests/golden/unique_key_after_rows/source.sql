-- ends: equal
-- The target lacks unique keys, and its rows break them: the rows are synced before they are added, columns and indexes
-- come before. A plain index is kept until a unique one takes its place, and a foreign key waits for the key it refers to.
CREATE TABLE mails (id INT PRIMARY KEY, mail VARCHAR(20), seen DATE, KEY by_seen (seen), UNIQUE KEY mail (mail));
CREATE TABLE became (id INT PRIMARY KEY, v INT, UNIQUE KEY one (v));
CREATE TABLE child (id INT PRIMARY KEY, mail VARCHAR(20), CONSTRAINT to_mail FOREIGN KEY (mail) REFERENCES mails (mail));
INSERT INTO mails VALUES (1, 'a', NULL), (2, 'b', NULL);
INSERT INTO became VALUES (1, 1), (2, 2);
INSERT INTO child VALUES (1, 'b');
