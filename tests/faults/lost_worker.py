"""A rank of `gpt train --servers` is killed: the job ends by itself, and the run can go on. Run by ctest."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "end_to_end"))
from trainer import MPIEXEC, TINY, TrainerTest, checkpoints, metrics, options  # noqa: E402

LEASE = 8  # seconds, which the test has to wait for


class LostRank(TrainerTest):
    def lose(self, out, fault):
        """A run of two workers and two servers, one of whom is killed. Open MPI lets the others live."""
        words = options({"data": self.text, "out": out, **TINY, "servers": 2, "collective-timeout": LEASE})
        return subprocess.Popen([MPIEXEC, "-q", "--mca", "orte_enable_recovery", "1", "-np", "4",
                                 os.environ["GPT_WITH_FAULTS"], "train", *words], cwd=self.folder, text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                env={**os.environ, "GPT_FAULT": fault})

    def resume(self, out, *words):
        done = self.gpt("train", "--resume", "--out", out, "--servers", 1, *words, ranks=3)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line["step"] for line in metrics(self.folder / out)]

    def test_the_job_ends_by_itself_and_can_go_on(self):
        jobs = [self.lose("without-1", "kill 1 7"), self.lose("without-0", "kill 0 12"),
                self.lose("at-the-end", "end 0 0")]  # all wait for their leases, at the same time
        for job in jobs:
            self.addCleanup(job.kill)
        without_1, without_0, at_the_end = [job.communicate(timeout=120)[1] for job in jobs]

        self.assertIn("gpt: rank 1 was lost; the others went on without, and all is saved\n", without_1)
        self.assertEqual(metrics(self.folder / "without-1")[-1]["step"], 20)
        self.assertEqual(checkpoints(self.folder / "without-1")[-1].name, "step-000020")
        self.assertEqual(self.resume("without-1", "--steps", 25), list(range(1, 26)))

        # The servers by their lease, or the watchdog.
        self.assertRegex(without_0, "rank 0 is lost, and nobody else writes checkpoints\n|rank 0 on .* has not been heard of")
        self.assertLess(metrics(self.folder / "without-0")[-1]["step"], 12)
        self.assertEqual(self.resume("without-0"), list(range(1, 21)))

        # All the others wait for rank 0's farewell. It has saved everything, and is gone.
        self.assertRegex(at_the_end, "gpt: rank 0 on .* has not been heard of")
        self.assertEqual(checkpoints(self.folder / "at-the-end")[-1].name, "step-000020")


if __name__ == "__main__":
    unittest.main()
