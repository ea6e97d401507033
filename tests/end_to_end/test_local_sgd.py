"""--local-sgd H: what needs one model waits for an averaging, and a run goes on from there, bit for bit."""

import shutil
import unittest

from trainer import TrainerTest, checkpoints, contents, metrics, without_times

CHOICES = {"steps": 18, "local_sgd": 4, "eval_every": 5, "checkpoint_every": 5, "check_every": 4, "keep": 9, "dropout": 0.1}


class LocalSgd(TrainerTest):
    def resume(self, run, ranks, *words):
        done = self.gpt("train", "--resume", "--out", run, *words, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_it_resumes_where_the_ranks_met(self):
        self.train("run", ranks=2, **CHOICES)
        run, undisturbed = self.folder / "run", self.folder / "undisturbed"
        shutil.copytree(run, undisturbed)
        lines = metrics(run)
        self.assertEqual([line["step"] for line in lines], list(range(1, 19)))
        # What was due at 5, 10, 15 was done at 8, 12, 16.
        self.assertEqual([path.name for path in checkpoints(run)], [f"step-{step:06}" for step in (8, 12, 16, 18)])
        self.assertEqual([line["step"] for line in lines if "val_loss" in line], [8, 12, 16, 18])
        sent = {line["step"]: line["wire_bytes"] for line in lines if line["wire_bytes"] > 0}
        self.assertEqual(list(sent), [4, 8, 12, 16, 18])
        self.assertEqual(len(set(sent.values())), 1)

        for path in checkpoints(run)[2:]:
            shutil.rmtree(path)
        self.resume("run", 2)
        for name in ("model", "optimizer", "local-00002-of-00002"):
            ends = [(checkpoints(folder)[-1] / f"{name}.safetensors").read_bytes() for folder in (run, undisturbed)]
            self.assertTrue(ends[0] == ends[1], f"another {name}")
        self.assertEqual(without_times(metrics(run)), without_times(metrics(undisturbed)))

        # Each rank has moments of its own.
        end = contents(checkpoints(run)[-1])
        self.assertNotEqual(end["optimizer.safetensors"], end["local-00002-of-00002.safetensors"])
        # Another number of ranks goes on with rank 0's, and gradients may be averaged from here on.
        self.resume("run", 3, "--steps", 20, "--local-sgd", 2)
        self.resume("run", 2, "--steps", 22, "--local-sgd", 0)
        self.assertEqual(metrics(run)[-1]["step"], 22)
        self.assertIn("perplexity", self.gpt("eval", "--run", "run").stdout)


if __name__ == "__main__":
    unittest.main()
