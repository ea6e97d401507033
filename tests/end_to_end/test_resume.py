"""A run that was stopped or killed goes on, and ends where an undisturbed one ends: bit for bit."""

import json
import random
import shutil
import signal
import unittest

from trainer import SANITIZED, TINY, Job, TrainerTest, checkpoints, contents, metrics, options, without_times

# Steps of some milliseconds, so that a signal meets the run and not its end.
SIDE = 16 if SANITIZED else 48
CHOICES = {**TINY, "width": SIDE, "layers": 2, "context": SIDE, "batch": 8, "steps": 60, "eval-every": 20, "eval-batches": 2,
           "checkpoint-every": 7, "dropout": 0.1}


class Resume(TrainerTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(1)

    def words(self, out, **more):
        return ["train", *options({"data": self.text, "out": self.folder / out, **CHOICES, **more})]

    def start(self, out, ranks):
        return Job(self, ranks, *self.words(out))

    def resume(self, out, ranks):
        done = self.gpt("train", "--resume", "--out", out, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def undisturbed(self, ranks):
        done = self.gpt(*self.words("undisturbed"), ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / "undisturbed"

    def assert_same_end(self, run, undisturbed):
        for name in ("model.safetensors", "optimizer.safetensors"):
            self.assertEqual((checkpoints(run)[-1] / name).read_bytes(),
                             (checkpoints(undisturbed)[-1] / name).read_bytes(), name)
        self.assertEqual(without_times(metrics(run)), without_times(metrics(undisturbed)))
        self.assertEqual((run / "sample.txt").read_bytes(), (undisturbed / "sample.txt").read_bytes())

    def test_after_sigkill_of_the_whole_job(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                undisturbed = self.undisturbed(ranks)
                run = self.folder / f"killed-{ranks}"
                job = self.start(run.name, ranks)
                self.assertTrue(job.wait_for_step(run, self.random.randint(1, 40)), job.output())
                job.kill()
                self.assertLess(len(metrics_or_less(run)), CHOICES["steps"])
                again = Job(self, ranks, "train", "--resume", "--out", run)  # and killed once more
                again.wait_for_step(run, self.random.randint(20, 50))
                again.kill()
                self.resume(run.name, ranks)
                self.assert_same_end(run, undisturbed)
                shutil.rmtree(undisturbed)

    def test_after_a_wish_to_stop(self):
        for ranks, number in ((0, signal.SIGINT), (0, signal.SIGTERM), (2, signal.SIGUSR1)):
            with self.subTest(ranks=ranks, signal=number.name):
                undisturbed = self.undisturbed(ranks)
                run = self.folder / f"stopped-{number.name}"
                job = self.start(run.name, ranks)
                self.assertTrue(job.wait_for_step(run, self.random.randint(1, 30)), job.output())
                job.signal(number)
                self.assertEqual(job.wait(), 0, job.output())
                self.assertIn("--resume", job.output())
                stopped_at = metrics(run)[-1]["step"]
                self.assertLess(stopped_at, CHOICES["steps"])
                self.assertEqual(checkpoints(run)[-1].name, f"step-{stopped_at:06}")
                self.resume(run.name, ranks)
                self.assert_same_end(run, undisturbed)
                shutil.rmtree(undisturbed)

    def test_half_a_checkpoint_is_ignored_and_removed(self):
        self.train("run", steps=10)
        run = self.folder / "run"
        half = run / "checkpoints" / ".partial-step-000011"
        half.mkdir()
        (half / "model.safetensors").write_bytes(b"half")
        self.train("run", resume=True, steps=12)
        self.assertFalse(half.exists())
        self.assertEqual(checkpoints(run)[-1].name, "step-000012")

    def test_a_run_killed_before_its_first_checkpoint_begins_again(self):
        self.train("one")
        self.train("two")
        two = self.folder / "two"
        shutil.rmtree(two / "checkpoints")
        shutil.rmtree(two / "data")
        (two / "tokenizer.json").unlink()
        self.train("two", resume=True)
        self.assertEqual(without_times(metrics(two)), without_times(metrics(self.folder / "one")))

    def test_on_another_number_of_ranks(self):
        self.train("whole", steps=20)
        self.train("part", steps=20, ranks=2)
        run = self.folder / "part"
        for path in checkpoints(run):
            if path.name > "step-000015":
                shutil.rmtree(path)
        self.train("part", steps=20, ranks=3, resume=True)
        for a, b in zip(metrics(run), metrics(self.folder / "whole"), strict=True):
            self.assertAlmostEqual(a["train_loss"], b["train_loss"], delta=1e-5 * b["train_loss"])

    def test_a_finished_run_has_nothing_left_to_do(self):
        self.train("run")
        before = contents(self.folder / "run")
        self.train("run", resume=True)
        self.assertEqual(contents(self.folder / "run"), before)

    def test_more_steps_can_be_asked_for(self):
        self.train("run", schedule="constant")
        self.train("run", schedule="constant", steps=30, resume=True)
        self.train("whole", schedule="constant", steps=30)
        self.assert_same_end(self.folder / "run", self.folder / "whole")
        self.assertEqual(json.loads((self.folder / "run/config.json").read_text())["steps"], 30)


def metrics_or_less(run):
    """The whole lines of a file whose last one may be cut."""
    return [line for line in (run / "metrics.jsonl").read_text().split("\n")[:-1] if line]


if __name__ == "__main__":
    unittest.main()
