"""The demo: a shop database moves between two real servers by the real command. `python -m tests.demo --help`."""
