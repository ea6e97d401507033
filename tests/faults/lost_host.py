"""A host is lost in the middle of a training: the job goes on with those that are left, and takes it back in. Three hosts of
the lab (tests/lab), ./book train --elastic. One at a time: ctest does not run it. Exit code 77, skipped, where this machine makes no lab.

    python3 tests/faults/lost_host.py --times       prints how long each of these took
"""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "tests/lab")]
from lab import Lab, skip_without_lab  # noqa: E402
from trainer import GPT, TINY, TrainerTest, alive, checkpoints, metrics, options  # noqa: E402

TIMES = "--times" in sys.argv
PATIENCE = 300  # seconds until a job that does nothing is called dead
COMPARED = 40   # steps
# The ring and one bucket: on a busy machine three hosts take long to measure what is best.
CHOICES = {**TINY, "checkpoint-every": 5, "schedule": "constant", "eval-every": 100000, "sample-length": 0, "comm": "ring",
           "bucket-mb": 1}


class LostHost(TrainerTest):
    def setUp(self):
        super().setUp()
        self.lab = Lab(3, rate="1gbit")
        self.addCleanup(self.lab.close)
        self.run_folder = self.folder / "run"
        (self.folder / "hosts").write_text("a slots=1\nb slots=1\nc slots=1\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OMPI_")}
        environment["BOOK_BUILD"] = str(pathlib.Path(GPT).parents[1])
        environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # Open MPI leaks
        self.log = (self.folder / "log").open("w+")
        self.addCleanup(self.log.close)
        self.job = self.lab.popen(
            "a", [ROOT / "book", "train", "--elastic", "--hostfile", "hosts", "--ask-every", 0.2, *options(
                {"data": self.text, "out": "run", **CHOICES, "steps": 1000000, "keep": 2})],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def starts(self):
        """How each job began: (ranks, from which step)."""
        try:
            lines = (self.run_folder / "launch.jsonl").read_text().split("\n")[:-1]
        except OSError:
            return []
        return [(event["ranks"], event["step"]) for event in map(json.loads, lines) if event["event"] == "start"]

    def saved(self):
        """The newest checkpoint's step."""
        try:
            return int(checkpoints(self.run_folder)[-1].name.split("-")[1])
        except (OSError, IndexError):
            return 0

    def wait_for(self, reached, what):
        began = time.monotonic()
        while not reached():
            self.assertIsNone(self.job.poll(), self.said())
            self.assertLess(time.monotonic(), began + PATIENCE, f"never {what}:\n{self.said()}")
            time.sleep(0.01)
        if TIMES:
            print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)

    def goes_on(self, number, ranks, what):
        """Waits until the job of this number has written a checkpoint."""
        self.wait_for(lambda: len(self.starts()) >= number and self.saved() > self.starts()[number - 1][1], what)
        self.assertEqual(self.starts()[number - 1][0], ranks, self.said())

    def test_two_faults_in_one_run(self):
        self.goes_on(1, 3, "begun")

        self.lab.kill("b")                         # mpirun hears at once that nobody is there any more
        self.lab.drop("b")                         # and the host does not answer until it has started again
        self.goes_on(2, 2, "on with two hosts after the processes of one were killed")
        self.assertIn("launch: the connection to host b was lost", self.said())
        self.lab.heal("b")
        self.goes_on(3, 3, "on with three hosts after it was back")

        self.lab.drop("c")                         # without a word: only the keepalives tell
        self.goes_on(4, 2, "on with two hosts after a link had lost everything")
        # mpirun's own keepalives are quicker than those of the daemon on c, or are not.
        self.assertRegex(self.said(), "launch: (the connection to host c was lost|a host could not be reached)")
        self.lab.heal("c")
        self.goes_on(5, 3, "on with three hosts after it was back")

        launcher = next(pid for pid, (host, _) in self.lab.processes().items()
                        if host == "a" and b"launch" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))
        os.kill(launcher, 15)                      # the ranks save and end
        self.assertEqual(self.job.wait(PATIENCE), 0, self.said())
        self.assertFalse(alive(launcher))

        # No step is missing or twice, and they are those of one rank that nobody disturbed.
        lines = metrics(self.run_folder)
        self.assertEqual([line["step"] for line in lines], list(range(1, self.saved() + 1)))
        self.train("undisturbed", **{**CHOICES, "steps": COMPARED})
        for mine, other in zip(lines, metrics(self.folder / "undisturbed")):
            self.assertAlmostEqual(mine["train_loss"], other["train_loss"], delta=1e-3, msg=str(mine["step"]))


if __name__ == "__main__":
    skip_without_lab()
    unittest.main(argv=sys.argv[:1])
