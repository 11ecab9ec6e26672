"""The same move by migrate and by other tools, side by side on the same servers. `python -m tests.bench --help`."""
