#!/usr/bin/env python3
"""Keeps the table of exercises in docs/instructor.md true: exercise_table.py [--check]"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "common" / "driver" / "course"))

from catalogue import catalogue  # noqa: E402

GUIDE = ROOT / "docs" / "instructor.md"


def table():
    lines = ["| | exercise | points | minutes | usual mistakes |", "| --- | --- | --- | --- | --- |"]
    for e in catalogue():
        mistakes = ", ".join(file.stem.replace("_", " ") for file in e.wrong())
        lines.append(f"| {e.id} | {e.title} | {e.points} | {e.minutes} | {mistakes} |")
    return "\n".join(lines)


def main(check):
    text = GUIDE.read_text(encoding="utf-8")
    wanted = re.sub(r"(<!-- generated: exercises -->\n).*?(<!-- /generated -->)", lambda m: m[1] + table() + "\n" + m[2], text,
                    flags=re.S)
    if check and wanted != text:
        print("docs/instructor.md: its table of exercises is not up to date; run docs/site/exercise_table.py")
        return 1
    if wanted != text:
        GUIDE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
