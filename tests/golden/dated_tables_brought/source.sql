-- move: dated_tables = ["shop.events_*"]
-- One pattern brings some of them along.
CREATE TABLE events_20240101 (id INT PRIMARY KEY);
CREATE TABLE events_20240102 (id INT PRIMARY KEY);
CREATE TABLE log_20240101 (id INT PRIMARY KEY);
