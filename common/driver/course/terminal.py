"""How ./book exercise writes: in the terminal's colours and within its width; elsewhere plainly, one line as one line."""

import os
import shutil
import sys
import textwrap
import time

TERMINAL = sys.stdout.isatty()
COLOURS = {"✓": "32", "✗": "31", "TODO": "33", "–": "2"} if TERMINAL and "NO_COLOR" not in os.environ else {}


def paint(text, colour):
    return f"\033[{colour}m{text}\033[0m" if COLOURS else text


def coloured(line):
    mark = line.split(maxsplit=1)[0] if line.startswith("  ") and line.strip() else ""
    return paint(line, COLOURS[mark]) if mark in COLOURS else line


def wrapped(text, width):
    """Its lines, broken between words where they are wider than that. What is indented stays so; code between ``` stays."""
    lines, code = [], False
    for line in text.split("\n"):
        code ^= line.startswith("```")
        indent = line[:len(line) - len(line.lstrip())]
        fits = code or len(line) <= width or width < len(indent) + 20
        lines += [line] if fits else textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False,
                                                   break_on_hyphens=False)
    return lines


def say(text):
    """Prose: wrapped in a terminal."""
    for line in wrapped(text, shutil.get_terminal_size().columns) if TERMINAL else [text]:
        print(line, flush=True)


def show(line):
    """A line that a test has printed."""
    for part in wrapped(line, shutil.get_terminal_size().columns) if TERMINAL else [line]:
        print(coloured(part))


class Waiting:
    """Says in one line of a terminal, soon gone again, what is waited for: for a build that takes longer than a moment."""

    MOMENT = 1.0

    def __init__(self, seconds):
        self.seconds, self.began, self.shown = seconds, time.monotonic(), False

    def tell(self, line):
        """A line of ninja's, "[3/17] Building …"; or "" when the tests begin."""
        if not TERMINAL or line and time.monotonic() - self.began < self.MOMENT:
            return
        count = line.partition("]")[0].lstrip("[")
        text = f"building {count} (the first time takes minutes)" if line else f"testing, for at most {self.seconds} s"
        print(f"\r\033[K  {text}", end="", flush=True)
        self.shown = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.shown:
            print("\r\033[K", end="", flush=True)
