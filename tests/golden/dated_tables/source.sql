-- Tables with a date at the end stay behind, counted and listed; numbers that are no dates do not.
CREATE TABLE events_20240101 (id INT PRIMARY KEY);
CREATE TABLE log_2024_01_01 (id INT PRIMARY KEY);
CREATE TABLE t_202401 (id INT PRIMARY KEY);
CREATE TABLE x_240101 (id INT PRIMARY KEY);
CREATE TABLE stats_1000 (id INT PRIMARY KEY);
CREATE TABLE area_51 (id INT PRIMARY KEY);
