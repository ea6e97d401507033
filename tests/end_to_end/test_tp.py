"""--tp: ranks that share a model train as one rank does, and leave the files of a plain run."""

import shutil
import unittest

from trainer import TrainerTest, checkpoints, metrics, tensors

# A large epsilon drowns the gradients that are 0 but for rounding, such as those of the keys' biases.
CHOICES = {"layers": 2, "width": 32, "heads": 4, "batch": 6, "dropout": 0.1, "keep": 10, "steps": 12, "epsilon": 1e-5,
           "checkpoint_every": 3, "eval_every": 6, "sample_length": 30}


class TensorParallel(TrainerTest):
    def run_of(self, name, ranks, **choices):
        self.train(name, ranks=ranks, **{**CHOICES, **choices})
        return self.folder / name

    def resume(self, run, ranks, tp, *words):
        done = self.gpt("train", "--resume", "--out", run, "--tp", tp, *words, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_same_training(self, run, plain):
        for ours, theirs in zip(metrics(run), metrics(plain), strict=True):
            for key in ("train_loss", "val_loss", "grad_norm"):
                self.assertEqual(key in ours, key in theirs)
                if key in ours:
                    self.assertAlmostEqual(ours[key], theirs[key], delta=1e-4 * theirs[key], msg=f"{key} of {ours['step']}")
        for name in ("model.safetensors", "optimizer.safetensors"):
            mine, other = (tensors(checkpoints(path)[-1] / name) for path in (run, plain))
            self.assertEqual(list(mine), list(other))
            for tensor, numbers in mine.items():
                self.assertLess(max(abs(a - b) for a, b in zip(numbers, other[tensor], strict=True)), 1e-4, tensor)

    def test_trains_as_one_rank_does(self):
        plain = self.run_of("plain", 0)
        for ranks, tp, choices in ((2, 2, {}), (4, 2, {"micro_batch": 2, "sample_every": 6}), (4, 4, {"overlap": "off"})):
            with self.subTest(ranks=ranks, tp=tp):
                run = self.run_of(f"run-{ranks}-{tp}", ranks, tp=tp, **choices)
                self.assert_same_training(run, plain)
                self.assertTrue((run / "sample.txt").read_text())
        run = self.folder / "run-4-2"
        for words in (["sample", "--run", run, "--length", 20], ["eval", "--run", run]):
            done = self.gpt(*words)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_checkpoint_goes_on_in_every_other_layout(self):
        plain = self.run_of("plain", 0)
        run = self.run_of("moved", 4, tp=2)
        for lost, ranks, tp, words in ((3, 2, 1, ["--zero", 1]), (2, 2, 2, ["--zero", 0]), (1, 0, 1, [])):
            for path in checkpoints(run)[-lost:]:
                shutil.rmtree(path)
            self.resume(run, ranks, tp, *words)
            if 1 not in words:  # --zero 1 writes the moments in shares
                with self.subTest(ranks=ranks, tp=tp):
                    self.assert_same_training(run, plain)

    def test_says_who_does_what(self):
        done = self.train("run", ranks=4, **{**CHOICES, "tp": 2, "steps": 1})
        self.assertIn("2 neighbours share a model, 2 such groups divide the batch", done.stdout)


if __name__ == "__main__":
    unittest.main()
