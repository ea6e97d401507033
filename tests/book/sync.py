#!/usr/bin/env python3
"""Keeps the code and the outputs that the prose shows equal to the real ones.

    sync.py [--check] [--samples] [CHAPTER]

In chapters/*/README.md, docs/**/*.md and README.md an HTML comment above a fenced block says where it comes from:

    <!-- code: 11_ddp/bucket.hpp [assign] -->    the lines between `// [assign]` and `// [/assign]` of that file,
                                                 dedented; the path counts from chapters/ or else from the root;
                                                 without a region, the whole file
    <!-- output: ./book chapter 09 --stable -->  what that command prints, run in the root of the repository
    <!-- sample: ./book chapter 10 -->           the same with numbers that vary by machine: left alone unless --samples
                                                 is given, and then compared by its shape only: lines and words

Exit codes: 0 all is up to date, 1 a block is stale (with --check), 2 a marker is wrong or a command failed.
"""

import argparse
import difflib
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

TIME_LIMIT = 600  # seconds for one command
MARKER = re.compile(r"<!--\s*(\w+):\s*(.*?)\s*-->\s*$")
FENCE = re.compile(r"(`{3,}|~{3,})")
REGION = re.compile(r"\s*(//|#)\s*\[(/?)([\w-]+)\]\s*$")
CODE = re.compile(r"(\S+)(?:\s+\[([\w-]+)\])?$")
NUMBER = re.compile(r"[-+]?\d[\d.,]*(e[-+]?\d+)?")


class Problem(Exception):
    """A marker that cannot be followed; the message says why."""


@dataclass
class Block:
    """A fenced block below a marker: its content is lines[first:last] of the file."""

    file: Path
    line: int  # of the marker, from 1
    kind: str  # code, output or sample
    source: str  # what stands in the marker
    fence: str
    first: int
    last: int


def markdown_files(root, chapter=None):
    """The files that may hold markers: those of one chapter, or all."""
    files = sorted((root / "chapters").glob("[0-9][0-9]_*/README.md"))
    if chapter is not None:
        files = [f for f in files if f.parent.name == chapter or f.parent.name.split("_")[0] == chapter.zfill(2)]
        if not files:
            raise Problem(f"there is no chapter {chapter}")
        return files
    return files + sorted((root / "docs").rglob("*.md")) + [f for f in [root / "README.md"] if f.exists()]


def find_blocks(file, lines):
    """All marked blocks of a file. Markers inside fenced blocks are text and are left alone."""
    blocks, at = [], 0
    while at < len(lines):
        if FENCE.match(lines[at]):
            at = closing_fence(file, lines, at) + 1
            continue
        marker = MARKER.match(lines[at])
        at += 1
        if not marker:
            continue
        kind, source = marker.groups()
        line = at
        while at < len(lines) and not lines[at].strip():
            at += 1
        fence = FENCE.match(lines[at]) if at < len(lines) else None
        if kind not in ("code", "output", "sample"):
            if fence:
                raise Problem(f"{file}:{line}: unknown marker '{kind}'; there are code, output and sample")
            continue
        if not fence:
            raise Problem(f"{file}:{line}: no fenced block follows this marker")
        end = closing_fence(file, lines, at)
        blocks.append(Block(file, line, kind, source, fence[1], at + 1, end))
        at = end + 1
    return blocks


def closing_fence(file, lines, opening):
    fence = FENCE.match(lines[opening])[1]
    for at in range(opening + 1, len(lines)):
        stripped = lines[at].strip()
        if stripped.startswith(fence) and not stripped.strip(fence[0]):
            return at
    raise Problem(f"{file}:{opening + 1}: this fenced block is never closed")


def region(text, name):
    """The dedented lines between the marks of region `name`; the marks of other regions are left out."""
    found, content, opened, inside = False, [], 0, False
    for number, line in enumerate(text.splitlines(), 1):
        mark = REGION.match(line)
        if mark and mark[3] == name:
            if mark[2]:
                if not inside:
                    raise Problem(f"region [{name}] is closed in line {number} but not open")
                inside = False
            else:
                if found:
                    raise Problem(f"region [{name}] is marked twice, in lines {opened} and {number}")
                found, opened, inside = True, number, True
        elif inside and not mark:
            content.append(line.rstrip())
    if not found:
        raise Problem(f"there is no region [{name}]")
    if inside:
        raise Problem(f"region [{name}] is opened in line {opened} and never closed")
    return textwrap.dedent("\n".join(content)).strip("\n").split("\n")


def code_lines(root, source):
    form = CODE.match(source)
    if not form:
        raise Problem(f"'{source}' is not of the form FILE [region]")
    path, name = form.groups()
    for file in (root / "chapters" / path, root / path):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            break
    else:
        raise Problem(f"there is no file {path}, neither in chapters/ nor in the root")
    if name:
        try:
            return region(text, name)
        except Problem as problem:
            raise Problem(f"{path}: {problem}") from None
    return [line.rstrip() for line in text.splitlines() if not REGION.match(line)]


class Outputs:
    """What commands print. Each distinct command runs once."""

    def __init__(self, root, time_limit=TIME_LIMIT):
        self.root, self.time_limit, self.known = root, time_limit, {}

    def __call__(self, command):
        if command not in self.known:
            self.known[command] = self.run(command)
        if isinstance(self.known[command], Problem):
            raise self.known[command]
        return self.known[command]

    def run(self, command):
        try:
            done = subprocess.run(["bash", "-c", command], cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True,
                                  encoding="utf-8", errors="replace", timeout=self.time_limit)
        except subprocess.TimeoutExpired:
            return Problem(f"'{command}' ran longer than {self.time_limit} s")
        if done.returncode != 0:
            return Problem(f"'{command}' ended with exit code {done.returncode}:\n{done.stderr.rstrip()}")
        return [line.rstrip() for line in done.stdout.strip("\n").split("\n")]


def shape(lines):
    """The lines with every number and every run of spaces made alike."""
    return [re.sub(r"\s+", " ", NUMBER.sub("#", line)).strip() for line in lines]


def fresh_lines(root, block, outputs, samples, old):
    """What the block must hold; `old` when there is nothing to say against that."""
    if block.kind == "code":
        new = code_lines(root, block.source)
    elif block.kind == "output" or samples:
        new = outputs(block.source)
        if block.kind == "sample" and shape(new) == shape(old):
            return old
    else:
        return old
    if any(line.startswith(block.fence) for line in new):
        raise Problem("the text holds a fence itself: use a longer fence for this block")
    return new


def sync(root, check=False, samples=False, chapter=None, out=sys.stdout, err=sys.stderr):
    """Brings all blocks up to date, or with `check` prints what is stale. Returns the exit code."""
    root = Path(root)
    outputs, blocks_seen, stale, problems = Outputs(root), 0, 0, []
    for file in markdown_files(root, chapter):
        name = file.relative_to(root)
        text = file.read_text(encoding="utf-8")
        lines = text.split("\n")
        try:
            blocks = find_blocks(name, lines)
        except Problem as problem:
            problems.append(str(problem))
            continue
        blocks_seen += len(blocks)
        for block in reversed(blocks):  # from the end, so that the places of the earlier ones stay
            old = lines[block.first:block.last]
            try:
                new = fresh_lines(root, block, outputs, samples, old)
            except Problem as problem:
                problems.append(f"{name}:{block.line}: {problem}")
                continue
            if new == old:
                continue
            stale += 1
            if check:
                print(f"{name}:{block.line}: stale {block.kind}: {block.source}", file=out)
                print("\n".join(difflib.unified_diff(old, new, "shown", "real", lineterm="")), file=out)
            lines[block.first:block.last] = new
        if not check and "\n".join(lines) != text:
            file.write_text("\n".join(lines), encoding="utf-8")
    for problem in problems:
        print(f"sync: {problem}", file=err)
    what = "stale" if check else "brought up to date"
    print(f"sync: {blocks_seen} blocks, {stale} {what}, {len(problems)} wrong", file=out)
    return 2 if problems else 1 if check and stale else 0


def main():
    parser = argparse.ArgumentParser(prog="book sync",
                                     description="Keep code and outputs in the prose equal to the real ones.")
    parser.add_argument("--check", action="store_true", help="change nothing; print what is stale and exit with 1")
    parser.add_argument("--samples", action="store_true", help="also run the commands of sample blocks (may take long)")
    parser.add_argument("chapter", nargs="?", help="only this chapter's lesson, e.g. 05")
    options = parser.parse_args()
    try:
        return sync(Path(__file__).resolve().parents[2], options.check, options.samples, options.chapter)
    except Problem as problem:
        print(f"sync: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
