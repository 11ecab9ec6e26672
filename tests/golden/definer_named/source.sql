-- move: definer = "app@%"
-- Another account becomes the definer.
CREATE TABLE t (id INT PRIMARY KEY, n INT);
CREATE DEFINER=`nobody`@`nowhere` PROCEDURE p() SELECT 1;
