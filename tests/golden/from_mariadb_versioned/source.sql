-- servers: maria11 -> target
-- A table with system versioning stays behind: its history would be lost.
CREATE TABLE t (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
CREATE TABLE plain (id INT PRIMARY KEY);
