#!/usr/bin/env python3
"""The rules of the house that a compiler does not keep. Prints each violation as FILE:LINE: what it is; then exits with 1.

- A chapter includes only lower numbers, itself and common/; common/ includes no chapter.
- A file of a chapter is included by "NN_slug/file", a file of common/ by "common/file", and it is there.
- No source file in chapters/ or common/ is longer than 400 lines, and all its code is in namespace gpt (but for a main.cpp).
- Every relative link in the prose leads to a file, and to a heading where it names one.
- No file names a path that exists on one machine only.
"""

import re
import subprocess
import sys
from pathlib import Path

LONGEST = 400
SOURCES = {".hpp", ".cpp", ".cu", ".cuh"}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^">]+)[">]')
CHAPTER = re.compile(r"(\d\d)_\w+$")
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
MACHINE_PATH = re.compile(r"(?<![\w./$}>-])/(home|root|tmp|work|Users|mnt)/\w")


def tracked_files(root):
    """What belongs to the book: the files git knows or would take, or all files where there is no git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, check=True,
                                capture_output=True, text=True).stdout
        names = [root / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [f for f in root.rglob("*") if not {"build", "out", ".git"} & set(f.relative_to(root).parts)]
    return sorted(f for f in names if f.is_file())


def includes(text):
    """(line number, opening quote or bracket, path) of every include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def check_includes(root, file, text):
    """The floors: who may include whom, and by which name."""
    home = file.relative_to(root).parts
    here = CHAPTER.match(home[1]) if home[0] in ("chapters", "exercises", "solutions") and len(home) > 2 else None
    for number, quote, path in includes(text):
        target = CHAPTER.match(path.split("/")[0])
        if target and "/" in path:
            if quote != '"':
                yield number, f'write #include "{path}", with quotes'
            if home[0] == "common":
                yield number, f"common/ includes a chapter: {path}"
            elif here and int(target[1]) > int(here[1]):
                yield number, f"chapter {here[1]} includes a higher one: {path}"
            if home[0] == "chapters" and not (root / "chapters" / path).is_file():
                yield number, f"there is no chapters/{path}"
        elif path.startswith("common/"):
            if not (root / path).is_file():
                yield number, f"there is no {path}"
        elif quote == '"' and home[0] in ("chapters", "common"):
            folder = home[1] if home[0] == "chapters" else "common"
            yield number, f'"{path}" is not an include by its full name, such as "{folder}/{path}"'


def check_shape(file, text):
    """Length, and the one namespace."""
    lines = text.count("\n")
    if lines > LONGEST:
        yield 1, f"{lines} lines; {LONGEST} are the most that is read in one sitting"
    if file.suffix in {".hpp", ".cpp"} and file.name != "main.cpp":
        code = re.sub(r"//.*|^\s*#.*(?:(?<=\\)\n.*)*", "", text, flags=re.M)
        if code.strip() and not re.search(r"^namespace gpt\b", text, re.M):
            yield 1, "nothing here is in namespace gpt"


def prose_lines(text):
    """(number, line) of Markdown outside fenced blocks, with inline code blanked."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*(`{3,}|~{3,})", line)
        if mark and fence is None:
            fence = mark[1]
        elif fence is not None:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
        else:
            yield number, re.sub(r"`[^`]*`", "", line)


def anchors(text):
    """The names of a page's headings, as code hosts make them."""
    for _, line in prose_lines(re.sub(r"`([^`]*)`", r"\1", text)):
        if line.startswith("#"):
            yield re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
    yield from re.findall(r'<a (?:id|name)="([^"]+)"', text)


def check_links(root, file, text):
    for number, line in prose_lines(text):
        for link in LINK.findall(line):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (file.parent / path) if path else file
            if not target.exists():
                yield number, f"the link to {link} leads nowhere"
            elif root.resolve() not in [target.resolve(), *target.resolve().parents]:
                yield number, f"the link to {link} leads out of the repository"
            elif anchor and target.suffix == ".md" and anchor not in set(anchors(target.read_text(encoding="utf-8"))):
                yield number, f"the link to {link} names a heading that is not there"


def check_paths(text):
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield number, f"a path of one machine: {line.strip()[:80]}"


def violations(root):
    """All violations of the tree, as lines of text."""
    root = Path(root)
    for file in tracked_files(root):
        name = file.relative_to(root)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = []
        if file.suffix in SOURCES:
            found += check_includes(root, file, text)
            if name.parts[0] in ("chapters", "common"):
                found += check_shape(file, text)
        if file.suffix == ".md":
            found += check_links(root, file, text)
        if name.parts[:2] != ("tests", "book"):  # whose tests name such paths to see them found
            found += check_paths(text)
        yield from (f"{name}:{number}: {what}" for number, what in found)


def main():
    found = list(violations(Path(__file__).resolve().parents[2]))
    print("\n".join(found + [f"layering: {len(found)} violations"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
