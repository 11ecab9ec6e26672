"""The statements on the state file, whose tables are in `state.sql`."""

from __future__ import annotations

PUT_PLAN = """
INSERT INTO plan (digest, name, path, first_seen) VALUES (?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET name = excluded.name, path = excluded.path"""
PUT_RUN = "INSERT INTO run (plan, started, who, host, pid) VALUES (?, ?, ?, ?, ?)"
END_RUN = "UPDATE run SET ended = ?, exit_code = ?, summary = ? WHERE id = ?"
PUT_EVENT = "INSERT INTO event (run, at, what, step, note) VALUES (?, ?, ?, ?, ?)"
INTERRUPT = "UPDATE step SET status = 'pending', note = ?, updated = ? WHERE plan = ? AND status = 'running'"
INTENT = """
INSERT INTO step (plan, step, status, intent, updated) VALUES (:plan, :step, 'running', 1, :now)
ON CONFLICT (plan, step) DO UPDATE SET status = 'running', intent = 1, note = '', updated = :now"""
COMING = """
INSERT INTO step (plan, step, status, intent, updated) VALUES (:plan, :step, 'pending', 1, :now)
ON CONFLICT (plan, step) DO UPDATE SET intent = 1, updated = :now"""
DONE = """
INSERT INTO step (plan, step, status, rows, bytes, seconds, note, updated)
VALUES (:plan, :step, 'done', :rows, :bytes, :seconds, :note, :now)
ON CONFLICT (plan, step) DO UPDATE SET status = 'done', intent = 0, rows = :rows, bytes = :bytes,
  seconds = seconds + :seconds, note = :note, updated = :now"""
SKIPPED = """
INSERT INTO step (plan, step, status, note, updated) VALUES (:plan, :step, 'skipped', :note, :now)
ON CONFLICT (plan, step) DO UPDATE SET status = 'skipped', intent = 0, note = :note, updated = :now
  WHERE status <> 'done'"""
FAILED = """
INSERT INTO step (plan, step, status, seconds, note, updated) VALUES (:plan, :step, 'failed', :seconds, :note, :now)
ON CONFLICT (plan, step) DO UPDATE SET status = 'failed', seconds = seconds + :seconds, note = :note, updated = :now"""
COUNT = """
INSERT INTO step (plan, step, status, rows, bytes, updated) VALUES (:plan, :step, 'running', :rows, :bytes, :now)
ON CONFLICT (plan, step) DO UPDATE SET status = 'running', rows = rows + :rows, bytes = bytes + :bytes,
  updated = :now"""
PROVEN = """
INSERT INTO step (plan, step, status, rows, bytes, updated) VALUES (:plan, :step, 'running', :rows, :bytes, :now)
ON CONFLICT (plan, step) DO UPDATE SET status = 'running', rows = :rows, bytes = :bytes, updated = :now"""
STATUSES = "SELECT step, status, rows, bytes, seconds, note FROM step WHERE plan = ? ORDER BY step"
INTENTS = "SELECT step FROM step WHERE plan = ? AND intent = 1 ORDER BY step"
PLANS = """
SELECT digest, name, path, first_seen, coalesce(sum(status = 'done'), 0) AS done,
  coalesce(sum(status = 'skipped'), 0) AS skipped, coalesce(sum(status = 'failed'), 0) AS failed,
  coalesce(sum(rows), 0) AS rows, coalesce(sum(bytes), 0) AS bytes
FROM plan LEFT JOIN step ON step.plan = plan.digest GROUP BY digest ORDER BY first_seen, digest"""
RUNS = """
SELECT id AS number, CASE WHEN ended IS NULL THEN 'died' ELSE 'ended' END AS status,
  started, ended, exit_code, summary, who, host, pid
FROM run WHERE plan = ? ORDER BY id"""
EVENTS = "SELECT at, what, step, note FROM event WHERE run = ? ORDER BY id"
MOMENTS = "SELECT at, endpoint, way, position FROM moment WHERE run = ? ORDER BY endpoint"
PUT_MOMENT = "INSERT INTO moment (run, at, endpoint, way, position) VALUES (?, ?, ?, ?, ?)"
