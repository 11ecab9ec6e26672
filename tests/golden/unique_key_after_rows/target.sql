CREATE TABLE mails (id INT PRIMARY KEY, mail VARCHAR(20));
CREATE TABLE became (id INT PRIMARY KEY, v INT, KEY several (v));
CREATE TABLE child (id INT PRIMARY KEY, mail VARCHAR(20));
INSERT INTO mails VALUES (1, 'a'), (2, 'a'), (7, 'own');
INSERT INTO became VALUES (1, 1), (2, 1);
INSERT INTO child VALUES (1, 'b');
