"""./book grade: grades a folder of exercise files, for a person, Gradescope, or anything that reads JUnit's XML.

What a file of the submission can do: it is compiled into a program with the tests and runs with a learner's rights, in
a process group of its own, in an empty folder, with limits on time, memory and what it writes. (As root: as `nobody`.)
What it cannot do: decide its verdict. The exit code is ignored; what counts is a report in which every line bears a text
that is chosen anew for every file and written into the program after it was linked, and which must hold every test that
the tests' source names. (A file that searches the memory of its own process could still find that text. Read what you grade.)
"""

import argparse
import json
import os
import pwd
import secrets
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree

from attempt import BUILD, MEMORY, SECONDS, attempt
from catalogue import Mistake, find

GRADED = BUILD / "graded"


def find_file(folder, exercise):
    """Where the submission keeps this exercise's file: as in the book, by chapter, or flat. None if it does not."""
    for path in (folder / exercise.skeleton, folder / exercise.chapter / exercise.file, folder / exercise.file):
        if path.is_file():
            return path
    return None


def install(text, exercise):
    """Puts the file where the program `graded_…` is built from."""
    path = GRADED / exercise.chapter / exercise.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)


def grade_one(folder, exercise, seconds, memory):
    """(points, Attempt or None, words)"""
    path = find_file(folder, exercise)
    if path is None:
        return 0, None, "not handed in"
    nonce = secrets.token_hex(16)
    install(path.read_bytes(), exercise)
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    result = attempt(exercise, "graded", seconds=seconds, file=exercise.file, nonce=nonce, memory=memory, user=user)
    passed = sum(test.verdict == "passed" for test in result.tests)
    points = exercise.points if result.verdict == "passed" else 0
    words = {"passed": "all tests passed", "todo": "still to be done", "compile": "does not compile:\n" + result.message.replace(f"{GRADED.name}/", ""),
             "skipped": f"skipped: {result.message}"}.get(result.verdict) or \
        result.message or f"{passed} of {len(result.tests)} tests passed"
    return points, result, words


def what_failed(result):
    """Test by test, with the tests' own words."""
    return [f"{test.title}: {test.verdict}\n{test.output}".rstrip() for test in result.tests
            if test.verdict not in ("passed", "todo")] if result else []


def as_gradescope(grades):
    """The results.json of Gradescope's autograder specification."""
    tests = []
    for exercise, points, result, words in grades:
        tests.append({"name": f"{exercise.id} {exercise.title}", "number": exercise.id, "score": points,
                      "max_score": exercise.points, "status": "passed" if points else "failed",
                      "output": "\n\n".join([words, *what_failed(result)]), "output_format": "text", "visibility": "visible"})
    return json.dumps({"score": sum(g[1] for g in grades), "execution_time": round(sum(g[2].seconds for g in grades if g[2])),
                       "output": f"{sum(1 for g in grades if g[1])} of {len(grades)} exercises are solved.",
                       "output_format": "text", "visibility": "visible", "stdout_visibility": "hidden", "tests": tests},
                      indent=1, ensure_ascii=False)


def as_json(grades):
    return json.dumps([{"exercise": e.id, "title": e.title, "file": str(e.skeleton), "points": points, "of": e.points,
                        "verdict": result.verdict if result else "absent", "message": words,
                        "tests": [vars(test) for test in result.tests] if result else []}
                       for e, points, result, words in grades], indent=1, ensure_ascii=False)


def as_junit(grades):
    suites = ElementTree.Element("testsuites")
    for exercise, _, result, words in grades:
        tests = result.tests if result else []
        suite = ElementTree.SubElement(suites, "testsuite", name=f"{exercise.id} {exercise.title}", tests=str(max(len(tests), 1)))
        failures = 0
        for test in tests:
            case = ElementTree.SubElement(suite, "testcase", classname=exercise.target, name=test.name)
            if test.verdict == "skipped":
                ElementTree.SubElement(case, "skipped")
            elif test.verdict != "passed":
                failures += 1
                ElementTree.SubElement(case, "failure", message=test.verdict).text = test.output or words
        if not tests:
            failures = 1
            case = ElementTree.SubElement(suite, "testcase", classname=exercise.target, name="builds")
            ElementTree.SubElement(case, "failure", message=words.partition("\n")[0]).text = words
        suite.set("failures", str(failures))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def as_text(grades):
    lines = []
    for exercise, points, result, words in grades:
        lines.append(f"{exercise.id}  {points:2} of {exercise.points:2}  {exercise.title}: {words}")
        lines += [textwrap.indent(text, "    ") for text in what_failed(result)]
    return "\n".join([*lines, "", f"{sum(g[1] for g in grades)} of {sum(g[0].points for g in grades)} points"])


FORMATS = {"text": as_text, "gradescope": as_gradescope, "junit": as_junit, "json": as_json}


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise Mistake(f"grade: {message}")


def main(exercises, arguments):
    parser = Arguments(prog="./book grade", description="Grades the exercises in a folder.")
    parser.add_argument("--dir", default=".", help="the submission: NN_slug/file.cpp below it, or exercises/NN_slug/…, or flat")
    parser.add_argument("--format", default="text", choices=FORMATS, help="what to write (default: text)")
    parser.add_argument("--output", help="the file to write (default: to the terminal)")
    parser.add_argument("--only", help="an exercise (09.2) or a chapter (09)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time limit of one exercise (default: %(default)s)")
    parser.add_argument("--memory", type=float, default=MEMORY / (1 << 30), help="GiB a process may map (default: %(default)s)")
    options = parser.parse_args(arguments)
    folder = Path(options.dir).resolve()
    if not folder.is_dir():
        raise Mistake(f"grade: there is no folder {options.dir}")
    if options.only:
        exercises = find(exercises, options.only)
    if not any(find_file(folder, exercise) for exercise in exercises):
        print(f"grade: {folder} holds no file of these exercises; one would be {exercises[0].skeleton} below it, "
              f"{exercises[0].chapter}/{exercises[0].file} or {exercises[0].file}", file=sys.stderr)
    grades = []
    for exercise in exercises:
        print(f"\r\033[K{exercise.id} {exercise.title}" if sys.stderr.isatty() else f"{exercise.id}", end="" if sys.stderr.isatty()
              else "\n", file=sys.stderr, flush=True)
        grades.append((exercise, *grade_one(folder, exercise, options.seconds, int(options.memory * (1 << 30)))))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    text = FORMATS[options.format](grades)
    if options.output:
        beside = Path(options.output + ".new")
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(options.output)
    else:
        print(text)
    return 0
