-- What the shop has beside tables, made after its rows: a function that a view calls, a view on that view, triggers in
-- their order, a procedure, an event.

DELIMITER //

CREATE FUNCTION order_total(wanted BIGINT UNSIGNED) RETURNS DECIMAL(18,2)
  READS SQL DATA
  COMMENT 'of all items; what nobody ordered is 0'
BEGIN
  DECLARE total DECIMAL(18,2);
  SELECT SUM(amount) INTO total FROM order_items WHERE order_id = wanted;
  RETURN COALESCE(total, 0);
END//

CREATE PROCEDURE send_order(IN wanted BIGINT UNSIGNED, OUT was VARCHAR(20))
  MODIFIES SQL DATA
BEGIN
  SELECT status INTO was FROM orders WHERE id = wanted FOR UPDATE;
  IF was = 'packed' THEN
    UPDATE orders SET status = 'sent' WHERE id = wanted;
  END IF;
END//

CREATE TRIGGER customers_mail BEFORE INSERT ON customers FOR EACH ROW
  SET NEW.email = TRIM(NEW.email)//

CREATE TRIGGER customers_mail_case BEFORE INSERT ON customers FOR EACH ROW
  SET NEW.email = LOWER(NEW.email)//

CREATE TRIGGER orders_keep_history AFTER UPDATE ON orders FOR EACH ROW
BEGIN
  IF NEW.status <> OLD.status THEN
    INSERT INTO order_history VALUES (NEW.id, NOW(6), NEW.status, 'was shop.orders, "quoted"');
  END IF;
END//

CREATE EVENT forget_page_views ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00'
  COMMENT 'at night'
  DO DELETE FROM page_views WHERE seen_at < NOW() - INTERVAL 400 DAY//

DELIMITER ;

CREATE VIEW order_totals AS
  SELECT o.id, o.customer_id, o.placed_at, order_total(o.id) AS total FROM orders AS o WHERE o.status <> 'returned';

CREATE VIEW best_customers AS
  SELECT c.name, COUNT(*) AS orders, SUM(t.total) AS total
  FROM order_totals AS t JOIN customers AS c ON c.id = t.customer_id
  GROUP BY c.id, c.name HAVING total > 1000;
