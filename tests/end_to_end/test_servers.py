"""--servers S: some ranks own the parameters, and the others send them gradients."""

import shutil
import unittest

from trainer import TrainerTest, checkpoints, metrics, tensors

CHOICES = {"steps": 12, "eval_every": 4, "checkpoint_every": 4, "keep": 9, "batch": 5, "epsilon": 1e-5}


class Servers(TrainerTest):
    def resume(self, run, ranks, *words):
        done = self.gpt("train", "--resume", "--out", run, *words, ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_same_model(self, run, other, step):
        model, expected = [tensors(self.folder / name / "checkpoints" / f"step-{step:06}" / "model.safetensors")
                           for name in (run, other)]
        for name, values in expected.items():
            largest = max(map(abs, values))
            for ours, theirs in zip(model[name], values, strict=True):
                self.assertAlmostEqual(ours, theirs, delta=1e-4 * largest + 1e-7, msg=name)

    def test_in_lockstep_they_train_the_model_of_an_all_reduce(self):
        # Two workers share five sequences unevenly. Clipping is by a worker's own norm, so there is none here.
        self.train("plain", ranks=2, clip=0, **CHOICES)
        self.train("run", ranks=4, clip=0, servers=2, **CHOICES)
        run = self.folder / "run"
        self.assertEqual([line["step"] for line in metrics(run)], list(range(1, 13)))
        self.assertEqual([line["step"] for line in metrics(run) if "val_loss" in line], [4, 8, 12])
        self.assertEqual([path.name for path in checkpoints(run)], [f"step-{step:06}" for step in (4, 8, 12)])
        for step in (4, 8, 12):
            self.assert_same_model("run", "plain", step)
        self.assertAlmostEqual(metrics(run)[-1]["val_loss"], metrics(self.folder / "plain")[-1]["val_loss"], delta=1e-4)

        # A checkpoint of servers goes on with other servers and with none, and one of an all-reduce with servers.
        for name, ranks, servers in (("run", 3, 1), ("run", 2, 0), ("plain", 4, 2)):
            with self.subTest(name=name, servers=servers):
                copy = f"{name}-{servers}"
                shutil.copytree(self.folder / name, self.folder / copy)
                shutil.rmtree(checkpoints(self.folder / copy)[-1])
                self.resume(copy, ranks, "--servers", servers)
                self.assert_same_model(copy, "plain", 12)

    def test_workers_that_do_not_wait(self):
        for choices in ({"async": True}, {"stale": 2}):
            with self.subTest(**choices):
                name = "-".join(choices)
                done = self.train(name, ranks=3, servers=1, **choices, **CHOICES)
                self.assertIn("24 updates by 2 workers, 1 server", done.stdout)
                run = self.folder / name
                self.assertEqual([path.name for path in checkpoints(run)], [f"step-{step:06}" for step in (4, 8, 12)])
                self.assertLess(metrics(run)[-1]["val_loss"], metrics(run)[3]["val_loss"])
                self.resume(name, 4, "--steps", 16)
                self.assertEqual(metrics(run)[-1]["step"], 16)
                self.assertEqual(self.gpt("sample", "--run", name, "--length", 5).returncode, 0)


if __name__ == "__main__":
    unittest.main()
