-- Departments have a head, heads have a department, employees a manager: no order of loads would do with the
-- foreign keys in place, so each is added after the rows of both its sides.
CREATE TABLE department (id INT PRIMARY KEY, head INT);
CREATE TABLE employee (
  id INT PRIMARY KEY, department INT NOT NULL, manager INT,
  CONSTRAINT works_in FOREIGN KEY (department) REFERENCES department (id),
  CONSTRAINT reports_to FOREIGN KEY (manager) REFERENCES employee (id) ON DELETE SET NULL
);
ALTER TABLE department ADD CONSTRAINT led_by FOREIGN KEY (head) REFERENCES employee (id);
INSERT INTO department VALUES (1, NULL);
INSERT INTO employee VALUES (1, 1, NULL), (2, 1, 1);
UPDATE department SET head = 1;
