"""test_mpi_main.py PROGRAM MPIRUN: rank 0 must tell what failed on rank 1, and the exit code must be agreed."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

PROGRAM, MPIRUN = sys.argv[1], sys.argv[2]


def run(sample):
    return subprocess.run([MPIRUN, "-q", "-np", "2", PROGRAM], env={**os.environ, "GPT_SAMPLE": sample},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=120)


class MpiMain(unittest.TestCase):
    def test_all_ranks_pass(self):
        done = run("nothing")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.count("4 tests from 1 test suite ran"), 1, "rank 0 alone reports:\n" + done.stdout)

    def test_a_failure_on_another_rank_is_reported_by_rank_0(self):
        done = run("failure")
        self.assertEqual(done.returncode, 1, done.stdout)
        for text in ("on rank 1:", "mpi_main_sample.cpp:", "what rank 1 saw", "[  FAILED  ] Sample.Fails"):
            self.assertIn(text, done.stdout)

    def test_a_skipped_test_is_not_passed(self):
        self.assertEqual(run("skip").returncode, 77)

    def test_a_leak_on_any_rank_is_found_where_the_build_can(self):
        self.assertEqual(run("leak").returncode, 1 if b"__asan_init" in Path(PROGRAM).read_bytes() else 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
