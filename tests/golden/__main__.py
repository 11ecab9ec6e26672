"""`python -m tests.golden [CASE …]` plans the cases anew and writes their plan.toml, and the example from `shop`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests import lab
from tests.golden.plans import CASES, EXAMPLE, HERE, example, golden, normalised


def main(chosen: list[str]) -> int:
    """Write what changed, and name it."""
    unknown = [case for case in chosen if case not in CASES]
    if unknown:
        print(f"no such case: {', '.join(unknown)}; there are {', '.join(CASES)}", file=sys.stderr)
        return 64
    with lab.lease("all") as servers, tempfile.TemporaryDirectory() as folder:
        for case in chosen or CASES:
            work = Path(folder) / case
            work.mkdir()
            _write(HERE / case / "plan.toml", golden(case, servers, work))
        if "shop" in (chosen or CASES):
            text = example(servers, Path(folder))
            # Its hashes are over the name that the schema had on the lab: a new one alone is no change.
            if not EXAMPLE.exists() or normalised(EXAMPLE.read_text(encoding="utf-8")) != normalised(text):
                _write(EXAMPLE, text)
    return 0


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
