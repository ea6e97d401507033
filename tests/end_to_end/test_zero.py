"""--zero: shares of the optimizer, the gradients and the parameters train the same model, and resume as any other layout."""

import shutil
import unittest

from trainer import TrainerTest, checkpoints, metrics, without_times

CHOICES = {"reproducible": True, "layers": 2, "width": 32, "heads": 2, "batch": 8, "dropout": 0.1, "keep": 10, "steps": 12,
           "checkpoint_every": 3, "eval_every": 6, "threads": None}


def model(run):
    return (checkpoints(run)[-1] / "model.safetensors").read_bytes()


def losses(run):
    return [line["train_loss"] for line in metrics(run)]


class Zero(TrainerTest):
    def run_of(self, name, ranks, **choices):
        self.train(name, ranks=ranks, **{**CHOICES, **choices})
        return self.folder / name

    def resume(self, run, ranks, zero):
        done = self.gpt("train", "--resume", "--out", run, "--zero", zero, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_stage_gives_the_same_model(self):
        plain = self.run_of("plain", 2)
        for stage, ranks in ((1, 2), (2, 4), (3, 2), (3, 0)):
            with self.subTest(stage=stage, ranks=ranks):
                run = self.run_of(f"zero-{stage}-{ranks}", ranks, zero=stage)
                self.assertTrue(model(run) == model(plain), "another model")
                self.assertEqual(losses(run), losses(plain))

    def test_a_checkpoint_goes_on_in_every_other_layout(self):
        undisturbed = self.run_of("undisturbed", 0)
        run = self.run_of("moved", 4, zero=2)
        self.assertEqual(len(list(checkpoints(run)[-1].glob("optimizer-*-of-00004.safetensors"))), 4)
        for lost, ranks, zero in ((3, 2, 3), (2, 4, 1), (1, 0, 0)):
            for path in checkpoints(run)[-lost:]:
                shutil.rmtree(path)
            self.resume(run, ranks, zero)
            with self.subTest(ranks=ranks, zero=zero):
                self.assertTrue(model(run) == model(undisturbed), "another model")
        name = "optimizer.safetensors"
        self.assertTrue((checkpoints(run)[-1] / name).read_bytes() == (checkpoints(undisturbed)[-1] / name).read_bytes())
        shutil.rmtree(checkpoints(undisturbed)[-1])  # and from the plain layout into shares
        self.resume(undisturbed, 2, 3)
        self.assertTrue(model(run) == model(undisturbed), "another model")

    def test_micro_batches_that_do_not_divide(self):
        choices = {"reproducible": None, "batch": 6, "micro_batch": 1}
        plain = self.run_of("plain", 4, **choices)
        for stage in (2, 3):
            run = self.run_of(f"zero-{stage}", 4, zero=stage, **choices)
            for ours, theirs in zip(losses(run), losses(plain), strict=True):
                self.assertAlmostEqual(ours, theirs, delta=1e-3 * theirs)

    def test_a_share_that_is_missing_is_noticed(self):
        run = self.run_of("run", 2, zero=1)
        (checkpoints(run)[-1] / "optimizer-00002-of-00002.safetensors").unlink()
        self.assert_refused(self.gpt("train", "--resume", "--out", run), "optimizer-00002-of-00002.safetensors is missing")

    def test_what_does_not_fit_is_refused(self):
        for choices, words in (({"zero": 4}, "--zero takes 0, 1, 2 or 3"),
                               ({"zero": 2, "compress": "int8"}, "leave out one of them"),
                               ({"zero": 1, "bucket_mb": 1}, "a layer at a time"),
                               ({"zero": 3, "device": "simt"}, "the host's memory")):
            with self.subTest(**choices):
                self.assert_refused(self.train("refused", expect=2, **choices), words)
        self.assertFalse((self.folder / "refused").exists())


if __name__ == "__main__":
    unittest.main()
