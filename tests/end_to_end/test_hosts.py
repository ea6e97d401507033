"""./book train on several hosts: network namespaces with links of 1 Gbit/s, and a stand-in for ssh (tests/lab).
Exit code 77, skipped, where this machine makes no lab."""

import os
import pathlib
import subprocess
import sys
import unittest

from trainer import GPT, ROOT, TINY, TrainerTest, checkpoints, contents, metrics, options, tensors, without_times

sys.path.insert(0, str(ROOT / "tests/lab"))
from lab import Lab, skip_without_lab  # noqa: E402

# As the user has it: Open MPI's settings are the driver's. Tests of other builds use their own program.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OMPI_")}
ENVIRONMENT["BOOK_BUILD"] = str(pathlib.Path(GPT).parents[1])
# Ways to train on two ranks of each of two hosts, and whether the parameters are those of plain data parallelism.
WAYS = (({"tp": 2}, True), ({"zero": 2}, True), ({"servers": 2}, True), ({"local-sgd": 4}, False))
ENVIRONMENT["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # Open MPI leaks


class Hosts(TrainerTest):
    def setUp(self):
        super().setUp()
        self.lab = Lab(2, rate="1gbit")
        self.addCleanup(self.lab.close)

    def book(self, *words):
        """./book train on host a."""
        return self.lab.run("a", [ROOT / "book", "train", *words], cwd=self.folder, env=ENVIRONMENT, timeout=120,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")

    def trained(self, out, *words, **choices):
        """Trains as `words` say where; returns the run's folder."""
        given = options({"data": self.text, "out": out, **TINY, **choices})
        done = self.book(*words, *given)
        self.assertEqual(done.returncode, 0, f"{done.args}\n{done.stdout}\n{done.stderr}")
        self.assertEqual(done.stderr, "")
        return self.folder / out

    def last(self, run):
        return checkpoints(run)[-1]

    def test_two_hosts_train_what_one_host_trains(self):
        one = self.trained("one", "--ranks", 2)
        two = self.trained("two", "--hosts", "a:1,b:1")
        self.assertEqual(contents(self.last(two))["model.safetensors"], contents(self.last(one))["model.safetensors"])
        self.assertEqual(without_times(metrics(two)), without_times(metrics(one)))

    def assert_same_training(self, run, other):
        """To rounding: between hosts Open MPI may add in another order."""
        for mine, its in zip(metrics(run), metrics(other), strict=True):
            if "val_loss" in its:  # with servers train_loss is a worker's own
                self.assertAlmostEqual(mine["val_loss"], its["val_loss"], delta=1e-4, msg=str(mine["step"]))
        a, b = (tensors(self.last(one) / "model.safetensors") for one in (other, run))
        largest = max(max(map(abs, x)) for x in a.values())
        for name, x in a.items():
            difference = max(abs(p - q) for p, q in zip(x, b[name], strict=True))
            self.assertLessEqual(difference, 1e-5 * largest, name)

    def test_two_ranks_on_each_of_two_hosts_and_on_again(self):
        # A larger epsilon than usual: see test_ranks.py. Workers of servers clip by their own norms, so there is none here.
        choices = {"epsilon": 1e-5, "checkpoint-every": 8, "schedule": "constant", "clip": 0}
        one = self.trained("one", "--ranks", 4, **choices)
        (self.folder / "hosts").write_text("# the hosts\na slots=2\nb slots=2\n")
        two = self.trained("two", "--hostfile", "hosts", **choices, steps=16)
        done = self.book("--hosts", "a:2,b:2", "--resume", "--out", "two", "--steps", "20")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("4 ranks", done.stdout)
        self.assert_same_training(two, one)
        for way, as_plain in WAYS:
            with self.subTest(**way):
                name = "-".join(map(str, *way.items()))
                here = one if as_plain else self.trained(f"{name}-here", "--ranks", 4, **choices, **way)
                there = self.trained(f"{name}-there", "--hosts", "a,b", "--ranks-per-host", 2, **choices, **way)
                self.assert_same_training(there, here)

    def test_mistakes_are_one_sentence(self):
        def refused(*words, mentions):
            done = self.book(*words, *options({"data": self.text, **TINY}))
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            for mention in mentions:
                self.assertIn(str(mention), done.stderr)

        refused("--hosts", "a:1,nowhere:1", mentions=["book: host nowhere cannot be reached"])
        refused("--hosts", "a:1,b:one", mentions=["--hosts", "b:one"])
        refused("--hostfile", "none", mentions=["--hostfile none"])
        refused("--hosts", "a:1,b:1", "--tp", 2, mentions=["gpt: --tp 2", "ranks 0 to 1", "not on one host"])
        other = self.folder / "other"
        other.write_text("#!/bin/sh\n")
        other.chmod(0o755)
        on_b = lambda *words: self.lab.run("b", words).check_returncode()
        on_b("mount", "--bind", other, GPT)
        refused("--hosts", "a:1,b:1", mentions=["book: host b has another build", GPT])
        on_b("umount", GPT)
        on_b("mount", "-t", "tmpfs", "none", pathlib.Path(GPT).parent)
        refused("--hosts", "a:1,b:1", mentions=["book: host b has no", GPT])
        on_b("umount", pathlib.Path(GPT).parent)
        on_b("mount", "-t", "tmpfs", "none", self.folder)
        refused("--hosts", "a:1,b:1", "--out", "run", mentions=["gpt: rank 1 on host b does not see", self.folder / "run"])

    def test_a_cut_cable_ends_the_job_and_resume_goes_on(self):
        job = self.lab.popen("a", [ROOT / "book", "train", "--hosts", "a:1,b:1", *options(
            {"data": self.text, "out": "run", **TINY, "steps": 100000, "checkpoint-every": 20, "eval-every": 10000})],
            cwd=self.folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        for line in job.stdout:
            if line.startswith("step"):
                break
        self.lab.cut("b")
        said, _ = job.communicate(timeout=120)
        self.assertEqual(job.returncode, 205, said)
        self.assertIn("the connection to host b is lost", said)
        self.lab.heal("b")
        step = int(self.last(self.folder / "run").name.split("-")[1])
        done = self.book("--hosts", "a:1,b:1", "--resume", "--out", "run", "--steps", step + 10)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    skip_without_lab()
    unittest.main()
