"""A rank of `gpt train --servers` is killed: the job ends by itself, and the run can go on. Run by ctest."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "end_to_end"))
from trainer import MPIEXEC, TINY, TrainerTest, checkpoints, metrics, options  # noqa: E402

LEASE = 5  # seconds, which the test has to wait for


class LostWorker(TrainerTest):
    def lose(self, rank, step):
        """Two workers, two servers; the worker is killed in that step. Open MPI lets the others live."""
        words = options({"data": self.text, "out": "run", **TINY, "servers": 2, "collective-timeout": LEASE})
        return subprocess.run([MPIEXEC, "-q", "--mca", "orte_enable_recovery", "1", "-np", "4",
                               os.environ["GPT_WITH_FAULTS"], "train", *words], cwd=self.folder, text=True, timeout=120,
                              capture_output=True, stdin=subprocess.DEVNULL, env={**os.environ, "GPT_FAULT": f"kill {rank} {step}"})

    def resume(self, *words):
        done = self.gpt("train", "--resume", "--out", "run", *words, ranks=3)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_others_finish_and_the_job_ends(self):
        done = self.lose(rank=1, step=7)
        self.assertIn("gpt: rank 1 was lost; the others went on without, and all is saved\n", done.stderr)
        run = self.folder / "run"
        self.assertEqual(metrics(run)[-1]["step"], 20)
        self.assertEqual(checkpoints(run)[-1].name, "step-000020")
        self.resume("--steps", 25, "--servers", 1)
        self.assertEqual(metrics(run)[-1]["step"], 25)

    def test_without_rank_0_the_job_ends_and_its_last_checkpoint_is_whole(self):
        done = self.lose(rank=0, step=12)
        self.assertIn("rank 0 is lost, and nobody else writes checkpoints\n", done.stderr)
        self.resume("--servers", 1)
        self.assertEqual([line["step"] for line in metrics(self.folder / "run")], list(range(1, 21)))


if __name__ == "__main__":
    unittest.main()
