"""--reproducible: 1, 2, 4 and 8 ranks end with the same files, byte for byte."""

import hashlib
import unittest

from trainer import TrainerTest, checkpoints, metrics, without_times

# A real text, the book itself, and a model that it takes more than a moment to train.
CHOICES = {"data": None, "reproducible": True, "layers": 2, "heads": 2, "width": 32, "context": 32, "batch": 10, "steps": 50,
           "dropout": 0.1, "lr": 1e-3, "eval_every": 25, "eval_batches": 4, "checkpoint_every": 25, "bucket_mb": 0.02,
           "threads": None}


def state(run):
    """A hash of the last checkpoint's parameters and moments."""
    last = checkpoints(run)[-1]
    return [hashlib.sha256((last / name).read_bytes()).hexdigest() for name in ("model.safetensors", "optimizer.safetensors")]


class Reproducible(TrainerTest):
    def outcome(self, name, ranks, **choices):
        self.train(name, ranks=ranks, **{**CHOICES, **choices})
        return state(self.folder / name), without_times(metrics(self.folder / name))

    def test_any_number_of_ranks_gives_the_same_bytes(self):
        one = self.outcome("one", 0)
        for ranks in (1, 2, 4, 8):
            with self.subTest(ranks=ranks):
                self.assertEqual(self.outcome(f"ranks-{ranks}", ranks), one)
        # Were another tree to give the same bytes, the comparison would say nothing.
        self.assertNotEqual(self.outcome("other-tree", 2, leaves=4)[0], one[0])
        self.assertNotEqual(self.outcome("no-tree", 2, reproducible=None)[0], one[0])

    def test_in_bf16_too(self):
        one = self.outcome("one", 0, precision="bf16", steps=10, checkpoint_every=10)
        self.assertEqual(self.outcome("four", 4, precision="bf16", steps=10, checkpoint_every=10), one)

    def test_resumed_on_other_numbers_of_ranks(self):
        undisturbed = self.outcome("one", 0)
        self.train("moved", ranks=2, **{**CHOICES, "steps": 50, "lr": 1e-3})
        run = self.folder / "moved"
        for name in ("step-000050",):  # as if it had been killed after step 25
            for path in (run / "checkpoints" / name).iterdir():
                path.unlink()
            (run / "checkpoints" / name).rmdir()
        done = self.gpt("train", "--resume", "--out", run, ranks=8)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((state(run), without_times(metrics(run))), undisturbed)

    def test_numbers_that_fit_no_tree_are_refused(self):
        def refused(ranks, *words):
            return self.gpt("train", "--data", self.text, "--out", "run", "--reproducible", "--batch", 16, *words, ranks=ranks)

        self.assert_refused(refused(3), "binary tree", "not 3")
        self.assert_refused(refused(4, "--leaves", 2), "--leaves", "not 4")
        self.assert_refused(refused(0, "--leaves", 6), "--leaves must be 1, 2, 4, 8")
        self.assert_refused(refused(0, "--micro-batch", 1), "--micro-batch 1", "more --leaves")
        self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    unittest.main()
