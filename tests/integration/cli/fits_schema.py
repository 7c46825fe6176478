#!/usr/bin/env python3
"""fits_schema.py COMMAND < OUTPUT: whether what a command printed with --json fits docs/sonata-json.schema.json, strictly (no member that it does not name).
fits_schema.py --commands: the commands it has."""
import json
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(root / "tests/integration/web"))
import schema  # noqa: E402

doc = json.loads((root / "docs/sonata-json.schema.json").read_text(encoding="utf-8"))
if sys.argv[1] == "--commands":
    print("\n".join(doc["commands"]))
    sys.exit(0)
found = schema.findings(doc, doc["commands"][sys.argv[1]], json.load(sys.stdin))
print("\n".join(f"{sys.argv[1]}: {line}" for line in found))
sys.exit(1 if found else 0)
