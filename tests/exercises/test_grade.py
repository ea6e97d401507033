#!/usr/bin/env python3
"""./book grade on a folder of mixed files: right, wrong, broken, endless, and some that try to cheat or to do harm."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]

EXIT = """
#include <cstdlib>
namespace { struct Leave { Leave() { std::exit(0); } } leave; }
"""

# Writes the report that a solved exercise would write, as well as one can without knowing the text it must bear.
FORGE = """
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <unistd.h>
namespace {
struct Forge {
  Forge() {
    std::FILE* file = std::fopen(std::getenv("EXERCISE_REPORT"), "w");
    for (const char* test : {"GivesEverySampleToOneWorker", "DividesEveryClassEvenly", "DividesAllSamplesEvenly",
                             "IsInAscendingOrder"})
      std::fprintf(file, "{\\"nonce\\":\\"00000000000000000000000000000000\\",\\"output\\":\\"\\",\\"test\\":\\"%s\\","
                   "\\"title\\":\\"x\\",\\"verdict\\":\\"passed\\"}\\n", test);
    std::fprintf(file, "{\\"nonce\\":\\"00000000000000000000000000000000\\",\\"test\\":\\"\\",\\"verdict\\":\\"end\\"}\\n");
    std::fclose(file);
    std::puts("  \\u2713 all tests passed");
    _exit(0);
  }
} forge;
}
"""

DELETE = """
#include <cstdlib>
namespace { struct Delete { Delete() { if (std::system("rm -rf ./* @root@/.grade-canary")) {} } } remove_all; }
"""

ALLOCATE = """
namespace { struct Allocate { char* volatile p; Allocate() : p(new char[20ull << 30]) {} } allocate; }
"""

# Asks GoogleTest to run no test at all.
FILTER = """
#include <gtest/gtest.h>
namespace { struct Filter { Filter() { ::testing::GTEST_FLAG(filter) = "-*"; } } none; }
"""


def solution(chapter, name):
    return (ROOT / "solutions" / chapter / f"{name}.cpp").read_text(encoding="utf-8")


def wrong(chapter, name, mistake):
    return (ROOT / "tests" / "exercises" / chapter / "wrong" / name / f"{mistake}.cpp").read_text(encoding="utf-8")


class Grade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.canary = ROOT / ".grade-canary"
        cls.canary.write_text("still here\n")
        files = {
            "01_tensors/diagonal.cpp": solution("01_tensors", "diagonal"),
            "exercises/01_tensors/windows.cpp": wrong("01_tensors", "windows", "copies"),
            "tiled_transpose.cpp": solution("01_tensors", "tiled_transpose").replace("return result;", "return reslt;"),
            "01_tensors/parallel_product.cpp": solution("01_tensors", "parallel_product").replace(
                "return c;", "volatile bool forever = true;\n  while (forever) {\n  }\n  return c;"),
            "09_averaging/central_average.cpp": EXIT + wrong("09_averaging", "central_average", "forgets_to_divide"),
            "09_averaging/stratified_shard.cpp": FORGE + wrong("09_averaging", "stratified_shard", "deals_all_alike"),
            "09_averaging/statistics.cpp": DELETE.replace("@root@", str(ROOT)) + solution("09_averaging", "statistics"),
            "09_averaging/drift.cpp": ALLOCATE + solution("09_averaging", "drift"),
            "03_optimizers/nesterov.cpp": FILTER + wrong("03_optimizers", "nesterov", "plain_momentum"),
            "10_collectives/ring_sum.cpp": solution("10_collectives", "ring_sum"),
            "10_collectives/crossover.cpp": (ROOT / "exercises/10_collectives/crossover.cpp").read_text(encoding="utf-8"),
        }
        for name, text in files.items():
            path = Path(cls.folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        cls.grades = {}
        for chapter in ("01", "03", "09", "10"):
            done = cls.book("--format", "json", "--only", chapter, "--seconds", "8")
            cls.grades.update({grade["exercise"]: grade for grade in json.loads(done.stdout)})

    @classmethod
    def tearDownClass(cls):
        cls.canary.unlink(missing_ok=True)
        cls.folder.cleanup()

    @classmethod
    def book(cls, *arguments):
        return subprocess.run([ROOT / "book", "grade", "--dir", cls.folder.name, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, encoding="utf-8", check=True, timeout=600)

    def expect(self, exercise, verdicts, points, message=""):
        grade = self.grades[exercise]
        self.assertIn(grade["verdict"], verdicts, grade)
        self.assertEqual(grade["points"], points, grade)
        self.assertIn(message, json.dumps(grade, ensure_ascii=False))

    def test_what_is_right_gets_its_points(self):
        self.expect("01.1", ["passed"], 2)
        self.expect("10.2", ["passed"], 6)

    def test_what_is_wrong_gets_none_and_hears_why(self):
        self.expect("01.2", ["failed"], 0, "is it a copy?")
        told = [test["output"] for test in self.grades["01.2"]["tests"] if test["verdict"] == "failed"]
        self.assertRegex(told[0], r"^writing to a window did not change the vector: is it a copy\?\n  Expected equality")
        self.expect("10.4", ["todo"], 0, "still to be done")
        self.expect("10.1", ["absent"], 0, "not handed in")

    def test_a_compile_error_is_the_message(self):
        self.expect("01.3", ["compile"], 0, "reslt")

    def test_an_endless_loop_ends(self):
        self.expect("01.4", ["hang"], 0, "a loop does not end")

    def test_an_exit_in_a_constructor_is_no_success(self):
        self.expect("09.1", ["crash"], 0, "before its last test")

    def test_a_forged_report_is_not_believed(self):
        self.expect("09.2", ["crash"], 0)

    def test_a_file_that_deletes_harms_nobody(self):
        if os.geteuid() == 0:                      # else it runs with the grader's own rights
            self.assertEqual(self.canary.read_text(), "still here\n")
        self.assertIn(self.grades["09.3"]["verdict"], ["crash", "passed"])

    def test_an_allocation_of_20_gigabytes_is_refused(self):
        self.expect("09.4", ["crash"], 0)

    def test_tests_that_did_not_run_did_not_pass(self):
        self.expect("03.1", ["crash", "failed"], 0)

    def test_gradescope_gets_the_fields_that_it_knows(self):
        result = json.loads(self.book("--format", "gradescope", "--only", "01.1").stdout)
        self.assertEqual((result["score"], result["tests"][0]["score"], result["tests"][0]["max_score"]), (2, 2, 2))
        self.assertLessEqual(set(result), {"score", "execution_time", "output", "output_format", "visibility",
                                           "stdout_visibility", "tests"})
        self.assertLessEqual(set(result["tests"][0]), {"name", "number", "score", "max_score", "status", "output",
                                                       "output_format", "visibility"})

    def test_a_person_reads_what_failed(self):
        told = self.book("--only", "01.2").stdout
        self.assertRegex(told, r"01\.2   0 of  2  .*: \d of 5 tests passed\n    share their elements: failed\n    writing to")

    def test_junit_is_xml_with_a_case_for_each_test(self):
        suites = ElementTree.fromstring(self.book("--format", "junit", "--only", "01.2").stdout.split("\n", 1)[1])
        self.assertEqual(len(suites.findall(".//testcase")), 5)
        self.assertGreaterEqual(len(suites.findall(".//failure")), 1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-q"])
