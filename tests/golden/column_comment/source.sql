-- Only comments differ, of a column and of the table.
CREATE TABLE t (id INT PRIMARY KEY COMMENT 'it''s new') COMMENT 'new: \\ and `';
