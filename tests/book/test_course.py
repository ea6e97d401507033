"""What ./book exercise, hint, status and solution do with files alone; nothing is built here."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "common" / "driver" / "course"))

import attempt  # noqa: E402
import catalogue  # noqa: E402
import progress  # noqa: E402
import terminal  # noqa: E402

README = """\
# Exercises of chapter 09: averaging

## 09.1 First

`first.cpp` · 3 points · 25 minutes

Write it. `## 09.7 not a heading`

<details><summary>Hint 1</summary>

One.

</details>

<details><summary>Hint 2</summary>

Two,
and more.

</details>

## 09.2 Second

`second.cu` · 1 point · 5 minutes

Write this, too.
"""

# What g++ says of a mistake in a header that line 12 of the learner's file has caused.
INSTANTIATED = f"""\
[1/2] Building CXX object a.o
In file included from /usr/include/c++/12/vector:64,
                 from {ROOT}/exercises/09_averaging/first.cpp:3:
/usr/include/c++/12/bits/stl_construct.h: In instantiation of 'void f()':
{ROOT}/exercises/09_averaging/first.cpp:12:9:   required from here
   12 |   x.emplace_back(3);
      |   ^~~~~~~~~~~~~~~~~
/usr/include/c++/12/bits/stl_construct.h:119:7: error: no matching function for call
  119 |       ::new (p) T(args);
ninja: build stopped: subcommand failed.
"""
PLAIN = f"""\
{ROOT}/exercises/09_averaging/first.cpp:7:3: warning: unused variable 'y'
    7 |   int y;
{ROOT}/exercises/09_averaging/first.cpp:8:3: error: 'z' was not declared in this scope
    8 |   z = 1;
      |   ^
{ROOT}/exercises/09_averaging/first.cpp:9:3: error: 'w' was not declared in this scope
    9 |   w = 1;
"""


def book(*words, **options):
    return subprocess.run([ROOT / "book", *words], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=120,
                          **options)


class Catalogue(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            readme = Path(folder, "09_averaging", "README.md")
            readme.parent.mkdir()
            readme.write_text(text, encoding="utf-8")
            return catalogue.read(readme)

    def test_a_readme_is_read(self):
        first, second = self.read(README)
        self.assertEqual((first.id, first.title, first.file, first.points, first.minutes), ("09.1", "First", "first.cpp", 3, 25))
        self.assertEqual(first.hints, ["One.", "Two,\nand more."])
        self.assertEqual(first.task, "Write it. `## 09.7 not a heading`")
        self.assertEqual((second.id, second.name, second.hints), ("09.2", "second", []))
        self.assertEqual(str(first.tests), "tests/exercises/09_averaging/first_test.cpp")

    def test_what_is_missing_is_named(self):
        with self.assertRaisesRegex(catalogue.Mistake, r"09\.2 lacks the line"):
            self.read(README.replace("`second.cu` · 1 point · 5 minutes", ""))

    def test_exercises_are_found_by_number(self):
        exercises = catalogue.catalogue()
        self.assertEqual([e.id for e in catalogue.find(exercises, "9.2")], ["09.2"])
        self.assertGreaterEqual(len(catalogue.find(exercises, "09")), 3)
        for name in ("diagonal", "diagonal.cpp", "exercises/01_tensors/diagonal.cpp", "./diagonal.cpp"):
            self.assertEqual([e.id for e in catalogue.find(exercises, name)], ["01.1"], name)
        for wrong in ("09.99", "77", "nine"):
            with self.assertRaises(catalogue.Mistake):
                catalogue.find(exercises, wrong)

    def test_there_are_three_or_more_for_each_chapter_that_has_any(self):
        chapters = {}
        for exercise in catalogue.catalogue():
            chapters.setdefault(exercise.chapter, []).append(exercise)
        self.assertGreaterEqual(sum(len(e) for e in chapters.values()), 45)


class CompileErrors(unittest.TestCase):
    FILE = Path("exercises/09_averaging/first.cpp")

    def test_the_learners_line_comes_first(self):
        said = attempt.learners_lines(INSTANTIATED, self.FILE)
        self.assertTrue(said.startswith("exercises/09_averaging/first.cpp:12:9:"), said)
        self.assertIn("x.emplace_back(3);", said)
        self.assertIn("no matching function", said)
        self.assertNotIn("ninja", said)

    def test_errors_come_before_warnings_and_one_by_one(self):
        said = attempt.learners_lines(PLAIN, self.FILE)
        self.assertTrue(said.startswith("exercises/09_averaging/first.cpp:8:3: error: 'z'"), said)
        self.assertIn("1 more error", said)
        self.assertNotIn("'w'", said)

    def test_a_header_that_is_not_included_is_named(self):
        for name, header in (("add_to", "01_tensors/elementwise.hpp"), ("Communicator", "09_averaging/communicator.hpp"),
                             ("gradient_check", "02_backprop/gradient_check.hpp"), ("pointwise", "02_backprop/pointwise.hpp")):
            said = attempt.learners_lines(PLAIN.replace("'z' was", f"'{name}' was"), self.FILE)
            self.assertIn(f"{name} is declared in {header}", said)
        note = f"{ROOT}/{self.FILE}:3:1: note: 'std::exp' is defined in header '<cmath>'; did you forget to '#include <cmath>'?\n"
        said = attempt.learners_lines(PLAIN.replace(f"{ROOT}/{self.FILE}:9", note + f"{ROOT}/{self.FILE}:9"), self.FILE)
        self.assertIn("#include <cmath>", said)

    def test_a_mistake_in_another_file_is_told_as_such(self):
        for said, other in ((PLAIN, False), (INSTANTIATED, False), (PLAIN.replace("exercises/09", "chapters/09"), True)):
            self.assertEqual(attempt.elsewhere(attempt.learners_lines(said, self.FILE), self.FILE), other)

    def test_what_is_missing_when_linking_is_shown(self):
        said = attempt.learners_lines("FAILED: x\n/usr/bin/ld: a.o: undefined reference to `gpt::f()'\ncollect2: error: ld\n", self.FILE)
        self.assertIn("undefined reference to `gpt::f()'", said)
        self.assertIn("\nIs it defined, with the name and the parameters that first.hpp declares?", said)


    def test_warnings_are_of_the_learners_file_and_of_use(self):
        said = PLAIN.replace("unused variable 'y'", "unused variable 'y' [-Wunused-variable]")
        self.assertEqual(attempt.learners_warnings(said, self.FILE), "")
        self.assertEqual(attempt.learners_warnings(PLAIN.replace("unused", "strange"), self.FILE),
                         "exercises/09_averaging/first.cpp:7:3: warning: strange variable 'y'\n    7 |   int y;")
        self.assertEqual(attempt.learners_warnings(PLAIN, Path("exercises/09_averaging/second.cpp")), "")


# Leaves its process number in a file, and then does what $WHAT says.
PROGRAM = """\
#!/bin/sh
echo $$ > "$PROGRAM_STARTED.new"
mv "$PROGRAM_STARTED.new" "$PROGRAM_STARTED"
eval "$WHAT"
"""
RUN = f"""
import sys
sys.path.insert(0, {str(ROOT / "common" / "driver" / "course")!r})
import attempt, pathlib
attempt.run(pathlib.Path(sys.argv[1]), 0, seconds=600)
"""
# What a learner's ranks and mpirun print when rank 1 crashes.
MPIRUN = f"""\
  ✓ first
{"-" * 74}
Primary job  terminated normally, but 1 process returned
a non-zero exit code. Per user-direction, the job has been aborted.
{"-" * 74}
  ---
{"-" * 74}
mpirun noticed that process rank 1 with PID 0 on node here exited on signal 11 (Segmentation fault).
{"-" * 74}
second
"""


class Running(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.program = Path(self.folder.name, "program")
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)
        self.started = Path(self.folder.name, "started")

    def run_that(self, what, **options):
        os.environ.update(PROGRAM_STARTED=str(self.started), WHAT=what)
        return attempt.run(self.program, 0, **options)

    def test_a_crash_is_explained(self):
        for name, words in (("SEGV", "memory that is not its own"), ("ABRT", "damaged"), ("FPE", "divided by zero")):
            ended = self.run_that(f"kill -{name} $$")[2]
            self.assertRegex(ended, rf"^signal \d+, SIG{name}: .*{words}")
        self.assertEqual(self.run_that("exit 3")[2], "exit code 3")
        self.assertEqual(self.run_that("exit 0")[2], "")

    def test_what_a_rank_has_found_is_kept(self):
        report = """echo '{"test": "A", "title": "a", "verdict": "started"}' > $EXERCISE_REPORT
            echo '{"test": "A", "title": "a", "verdict": "rank 2", "output": "part -1 of 4"}' > $EXERCISE_REPORT.2; exec sleep 600"""
        lines, _, ended = self.run_that(report, seconds=0.3)
        self.assertEqual([line["verdict"] for line in lines], ["started", "rank 2"])
        self.assertEqual(ended, "hang")

    def test_of_an_assertion_the_words_stay(self):
        said = ("  ✓ first\n/usr/include/c++/12/bits/stl_vector.h:1123: std::vector<_Tp, _Alloc>::reference std::vector<_Tp, "
                "_Alloc>::operator[](size_type) [with _Tp = int]: Assertion '__n < this->size()' failed.\n")
        self.assertEqual(attempt.without_assertion(said), ("  ✓ first\n", "an index past the end of a std::vector"))
        said = ("/usr/include/c++/12/bits/stl_deque.h:1: std::deque<int>::front() [with T = int]: Assertion '!this->empty()' failed.\n")
        self.assertEqual(attempt.without_assertion(said)[1], "front() of a std::deque that is empty")
        self.assertEqual(attempt.without_assertion("free(): invalid size\n"), ("free(): invalid size\n", ""))

    def test_of_mpirun_only_the_crash_stays(self):
        said, crash = attempt.without_mpirun(MPIRUN)
        self.assertEqual(said, "  ✓ first\n  ---\nsecond\n")
        self.assertRegex(crash, r"^rank 1, signal 11, SIGSEGV: it read or wrote memory")
        self.assertEqual(attempt.without_mpirun("  ✓ first\n"), ("  ✓ first\n", ""))

    def test_it_ends_at_the_limit_and_when_the_file_changes(self):
        self.assertEqual(self.run_that("exec sleep 600", seconds=0.2)[2], "hang")
        self.assertEqual(self.run_that("exec sleep 600", seconds=600, changed=self.started.is_file)[2], "changed")

    def test_an_interrupt_leaves_nothing_behind(self):
        learner = subprocess.Popen([sys.executable, "-B", "-c", RUN, self.program], stderr=subprocess.DEVNULL,
                                   env={**os.environ, "PROGRAM_STARTED": str(self.started), "WHAT": "exec sleep 600"})
        while not self.started.is_file():
            self.assertIsNone(learner.poll())
            time.sleep(0.02)
        learner.send_signal(signal.SIGINT)
        learner.wait(60)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(self.started.read_text()), 0)


class Terminal(unittest.TestCase):
    def test_long_lines_break_between_words_and_keep_their_indent(self):
        self.assertEqual(terminal.wrapped("      one two three four five six seven", 30),
                         ["      one two three four five", "      six seven"])
        self.assertEqual(terminal.wrapped("a `b` c\n\nd", 30), ["a `b` c", "", "d"])

    def test_code_stays_as_it_is(self):
        text = "```\n" + "x" * 50 + " " + "y" * 50 + "\n```"
        self.assertEqual(terminal.wrapped(text, 40), text.split("\n"))


class ProgressFile(unittest.TestCase):
    def test_done_lasts_until_the_file_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "progress.json")
            exercise = catalogue.catalogue()[0]
            self.assertEqual(progress.Progress(path).state(exercise), "new")
            progress.Progress(path).note_attempt(exercise, "failed")
            self.assertEqual(progress.Progress(path).state(exercise), "tried")
            progress.Progress(path).note_attempt(exercise, "passed")
            after = progress.Progress(path)
            self.assertEqual(after.state(exercise), "done")
            after.entries[exercise.id]["passed"] = "of another file"
            self.assertEqual(after.state(exercise), "changed")
            self.assertEqual(os.listdir(folder), ["progress.json"])

    def test_a_damaged_file_is_no_progress_and_no_crash(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "progress.json")
            path.write_text('{"09.1": {"pas')
            self.assertEqual(progress.Progress(path).entries, {})


class Commands(unittest.TestCase):
    def test_mistakes_are_one_sentence(self):
        for words in (["hint", "09.99"], ["hint", "nine"], ["solution", "09.1"], ["solution"], ["hint", "09.1", "09.2"],
                      ["status", "--loud"]):
            done = book(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertRegex(done.stderr, r"^book: [^\n]+\n$", words)

    def test_status_lists_every_chapter_with_exercises(self):
        done = book("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        for chapter in {e.chapter for e in catalogue.catalogue()}:
            self.assertIn(chapter, done.stdout)

    def test_help_fits_a_narrow_terminal(self):
        self.assertLessEqual(max(len(line) for line in book("help").stdout.splitlines()), 80)

    def test_a_solution_is_shown_to_those_who_insist(self):
        done = book("solution", "01.1", "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn((ROOT / "solutions/01_tensors/diagonal.cpp").read_text(encoding="utf-8"), done.stdout)


if __name__ == "__main__":
    unittest.main()
