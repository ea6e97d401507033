"""N ranks under mpirun train the model that one trains."""

import unittest

from trainer import TrainerTest, checkpoints, metrics, tensors

TOLERANCE = 1e-5  # relative


class Ranks(TrainerTest):
    def outcome(self, name, ranks, **choices):
        # A larger epsilon than usual: the bias of the keys has a gradient of exactly zero, because softmax does not feel
        # it, and what is computed is rounding noise. Adam divides the noise by its own size plus epsilon.
        self.train(name, ranks=ranks, steps=10, eval_every=10, checkpoint_every=10, lr=1e-2, dropout=0.1, epsilon=1e-5,
                   **choices)
        run = self.folder / name
        return metrics(run), tensors(checkpoints(run)[-1] / "model.safetensors")

    def assert_same(self, one, other):
        for a, b in zip(*(lines for lines, _ in (one, other)), strict=True):
            self.assertAlmostEqual(a["train_loss"], b["train_loss"], delta=TOLERANCE * a["train_loss"])
        self.assertAlmostEqual(one[0][-1]["val_loss"], other[0][-1]["val_loss"], delta=TOLERANCE * one[0][-1]["val_loss"])
        largest = max(max(map(abs, x)) for x in one[1].values())
        for name, x in one[1].items():
            difference = max(abs(a - b) for a, b in zip(x, other[1][name], strict=True))
            self.assertLessEqual(difference, TOLERANCE * largest, name)

    def test_any_number_of_ranks_any_bucket_any_micro_batch(self):
        one = self.outcome("one", 0)
        for ranks, bucket_mb, micro_batch in ((1, 1, 0), (2, 1e-3, 1), (2, 100, 2), (3, 0.01, 0), (4, 1e-3, 1), (4, 1, 0)):
            with self.subTest(ranks=ranks, bucket_mb=bucket_mb, micro_batch=micro_batch):
                name = f"ranks-{ranks}-{bucket_mb}-{micro_batch}"
                self.assert_same(one, self.outcome(name, ranks, bucket_mb=bucket_mb, micro_batch=micro_batch))

    def test_only_one_rank_speaks(self):
        alone, many = self.train("alone", sample_length=0), self.train("many", sample_length=0, ranks=3)
        said = [line for line in many.stdout.splitlines() if not line.startswith(("communication ", "sums "))]
        self.assertEqual(len(alone.stdout.splitlines()), len(said), many.stdout)

    def test_evaluation_is_shared_out(self):
        self.train("run")
        losses = {self.gpt("eval", "--run", "run", ranks=ranks).stdout for ranks in (0, 2, 3)}
        self.assertEqual(len(losses), 1, losses)

    def test_more_ranks_than_sequences_is_refused(self):
        done = self.gpt("train", "--data", self.text, "--out", "run", "--batch", 2, ranks=3)
        self.assert_refused(done, "--batch")
        self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    unittest.main()
