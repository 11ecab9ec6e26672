-- The state file, version 1 (user_version). Times are UTC, ISO 8601. No secrets: nothing here can open a connection.

CREATE TABLE IF NOT EXISTS plan (
  digest     TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  path       TEXT NOT NULL,              -- where the plan was read last
  first_seen TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS run (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  plan      TEXT NOT NULL REFERENCES plan (digest),
  started   TEXT NOT NULL,
  ended     TEXT,                        -- NULL: it runs, or it died: whoever holds the plan's lock file knows
  exit_code INTEGER,
  summary   TEXT NOT NULL DEFAULT '',
  who       TEXT NOT NULL,
  host      TEXT NOT NULL,
  pid       INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS run_of_plan ON run (plan, id);

CREATE TABLE IF NOT EXISTS step (
  plan    TEXT NOT NULL REFERENCES plan (digest),
  step    TEXT NOT NULL,
  status  TEXT NOT NULL CHECK (status IN ('pending', 'running', 'done', 'skipped', 'failed')),
  intent  INTEGER NOT NULL DEFAULT 0,    -- 1: something was begun whose outcome nobody has recorded
  rows    INTEGER NOT NULL DEFAULT 0,
  bytes   INTEGER NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0,
  note    TEXT NOT NULL DEFAULT '',
  updated TEXT NOT NULL,
  PRIMARY KEY (plan, step)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS event (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  run  INTEGER NOT NULL REFERENCES run (id),
  at   TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('intent', 'done', 'failed')),
  step TEXT NOT NULL,
  note TEXT NOT NULL DEFAULT ''
);

CREATE INDEX IF NOT EXISTS event_of_run ON event (run, id);

CREATE TABLE IF NOT EXISTS moment (                    -- at which a run read a source; added to files that lack it
  run      INTEGER NOT NULL REFERENCES run (id),
  at       TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  way      TEXT NOT NULL,                -- how its readers came to see one moment
  position TEXT NOT NULL,                -- of the source's log: GTIDs, or file and offset
  PRIMARY KEY (run, endpoint)
) WITHOUT ROWID;
