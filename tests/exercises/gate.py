#!/usr/bin/env python3
"""The gate of the exercises: every skeleton says TODO, every solution passes, every kept wrong solution is rejected.

    ./book gate [--solutions]     --solutions: these alone, as under sanitizers (BOOK_BUILD names another build)

A wrong solution begins with the line `// Says: …`: what the learner must read when it is tested. Before anything is
built, the files are checked: hints, README entries, points, the mirror of exercises/ in solutions/. Prints what is not as
it should be; then exits with 1.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "common" / "driver" / "course"))

from attempt import BUILD, examine  # noqa: E402
from catalogue import Mistake, catalogue  # noqa: E402

FEWEST_HINTS, FEWEST_WRONG = 2, 2
SECONDS = 10                    # what each wrong solution that hangs costs
SECONDS_FOR_RIGHT = 60          # on a busy machine, under sanitizers


def says(wrong):
    """What the tests must say about a wrong solution."""
    match = re.match(r"// Says: (.+)\n", wrong.read_text(encoding="utf-8"))
    return match[1].strip() if match else None


def check_files(root, exercises):
    """What is missing or left over, as sentences."""
    listed = set()
    numbers = {}
    for exercise in exercises:
        what = f"{exercise.id} ({exercise.file})"
        listed |= {exercise.skeleton, exercise.solution}
        numbers.setdefault(exercise.chapter, []).append(exercise.number)
        for path in (exercise.skeleton, exercise.solution, exercise.tests, exercise.skeleton.with_suffix(".hpp")):
            if not (root / path).is_file():
                yield f"{what}: there is no {path}"
        declared = (root / exercise.tests).with_name("CMakeLists.txt")
        if not declared.is_file() or not re.search(rf"add_exercise\({exercise.chapter} {exercise.name}\b",
                                                   declared.read_text(encoding="utf-8")):
            yield f"{what}: {declared.relative_to(root)} lacks add_exercise({exercise.chapter} {exercise.name})"
        if not exercise.task:
            yield f"{what}: the README sets no task"
        if len(exercise.hints) < FEWEST_HINTS:
            yield f"{what}: {len(exercise.hints)} hints; {FEWEST_HINTS} are the fewest"
        if not 1 <= exercise.points <= 10:
            yield f"{what}: {exercise.points} points"
        if (root / exercise.skeleton).is_file() and "todo(" not in (root / exercise.skeleton).read_text(encoding="utf-8"):
            yield f"{what}: the skeleton says no todo()"
        wrong = exercise.wrong(root)
        if len(wrong) < FEWEST_WRONG:
            yield f"{what}: {len(wrong)} wrong solutions; {FEWEST_WRONG} are the fewest"
        for file in wrong:
            if says(file) is None:
                yield f"{what}: {file.name} does not begin with // Says: …"
        if (root / exercise.tests).is_file():
            names = exercise.test_names(root)
            if not names or len(set(names)) != len(names):
                yield f"{what}: the names of its tests are not different: {', '.join(names) or 'there are none'}"
    for chapter, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            yield f"{chapter}: the exercises are numbered {found}"
    for folder in ("exercises", "solutions"):
        for suffix in ("cpp", "cu"):
            for file in (root / folder).glob(f"*/*.{suffix}"):
                if file.relative_to(root) not in listed:
                    yield f"{file.relative_to(root)} is in no README"


def judge(exercise, target, expected, text=None):
    """None, or what is not as it should be."""
    result = examine(exercise, target, seconds=SECONDS_FOR_RIGHT if "passed" in expected else SECONDS)
    if result.verdict == "hang" and text and text not in result.message:
        result = examine(exercise, target, seconds=SECONDS_FOR_RIGHT)       # it was only slow, on a busy machine
    said = result.output + "\n" + result.message
    if result.verdict not in expected:
        return f"{target}: {result.verdict} instead of {' or '.join(expected)}\n{said.strip()}"
    if text and " ".join(text.split()) not in " ".join(said.split()):
        return f"{target}: is rejected, but does not say “{text}”\n{said.strip()}"
    return None


def main(arguments):
    only_solutions = "--solutions" in arguments
    try:
        exercises = catalogue(ROOT)
    except Mistake as mistake:
        print(mistake)
        return 1
    wrongs = list(check_files(ROOT, exercises))
    targets = ["all_solutions"] if only_solutions else ["all_exercises", "all_solutions", "all_wrong_solutions"]
    if wrongs:
        print("\n".join(wrongs))
        return 1
    built = subprocess.run(["cmake", "--build", str(BUILD), "--target", *targets], stdout=subprocess.PIPE, text=True)
    if built.returncode:
        print(built.stdout[-3000:] + "\nthe exercises do not build: " + " ".join(targets))
        return 1
    jobs = [(e, f"solution_{e.target}", ("passed", "skipped"), None) for e in exercises]
    if not only_solutions:
        jobs += [(e, f"exercise_{e.target}", ("todo",), None) for e in exercises]
        jobs += [(e, f"wrong_{e.target}_{f.stem}", ("failed", "crash", "hang"), says(f)) for e in exercises for f in e.wrong(ROOT)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        verdicts = pool.map(lambda job: judge(*job), jobs)
        wrongs = [verdict for verdict in verdicts if verdict]
    print("\n\n".join(wrongs + [f"{len(exercises)} exercises, {len(jobs)} programs run: {len(wrongs)} not as they should be"]))
    return 1 if wrongs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
