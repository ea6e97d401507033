"""--comm: who carries the gradients. On the SIMT machine NCCL's stand-in does."""

import shutil
import unittest

from trainer import TINY, TrainerTest, checkpoints, metrics, options, without_times

SMALL = {"width": 8, "context": 8, "batch": 4, "steps": 4, "eval-every": 4, "checkpoint-every": 4, "sample-length": 3,
         "validation": 0.02}


class Comm(TrainerTest):
    def refuse(self, *words, mentions, ranks=0):
        out = self.folder / "refused"
        done = self.gpt("train", "--out", out, "--data", self.text, *options(TINY), *words, ranks=ranks)
        self.assert_refused(done, *mentions)
        self.assertFalse(out.exists(), "something was written")

    def test_gradients_are_added_up_on_the_devices(self):
        losses = {}
        for comm in ("mpi", "nccl"):
            done = self.train(comm, ranks=2, device="simt", comm=comm, **SMALL)
            self.assertEqual(comm == "nccl", "gradients over the stand-in for NCCL" in done.stdout, done.stdout)
            losses[comm] = [line["train_loss"] for line in metrics(self.folder / comm)]
        for one, other in zip(losses["mpi"], losses["nccl"], strict=True):
            self.assertAlmostEqual(one, other, delta=1e-4)

    def assert_near(self, run, other):
        """The same losses to a thousandth; the compressions themselves are a hundred times further apart."""
        for line, wanted in zip(run, other, strict=True):
            self.assertAlmostEqual(line["train_loss"], wanted["train_loss"], delta=1e-3)

    def test_gradients_are_compressed_on_the_devices(self):
        choices = {**SMALL, "steps": 8, "lr": 0.02, "checkpoint-every": 4, "eval-every": 8, "compress-warmup": 2}
        for spec in ("int8", "sign", "topk:0.1", "randomk:0.2", "powersgd:2"):
            with self.subTest(spec):
                cpu, over_nccl = (self.folder / f"{spec}-{name}" for name in ("cpu", "nccl"))
                self.train(cpu, ranks=2, compress=spec, device="cpu", **choices)
                self.train(over_nccl, ranks=2, compress=spec, device="simt", comm="nccl", **choices)
                self.assert_near(metrics(over_nccl), metrics(cpu))
                if spec == "int8":  # what goes whole has the same bits too: of two ranks, sums have them in any order
                    self.train("int8-mpi", ranks=2, compress=spec, device="simt", comm="mpi", **choices)
                    self.assertEqual(without_times(metrics(over_nccl)), without_times(metrics(self.folder / "int8-mpi")))
                for run, words in ((over_nccl, []), (cpu, ["--device", "simt"])):
                    before = metrics(run)
                    shutil.rmtree(checkpoints(run)[-1])
                    done = self.gpt("train", "--resume", "--out", run, *words, ranks=2)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    if words:  # what was not sent yet has moved from the host to the devices
                        self.assert_near(metrics(run), before)
                    else:
                        self.assertEqual(without_times(metrics(run)), without_times(before), "after resuming")

    def test_an_algorithm_is_a_way_over_mpi(self):
        done = self.train("run", ranks=2, comm="ring", steps=5)
        self.assertIn("all-reduce *:ring (as asked for)", done.stdout)

    def test_without_a_gpu_nccl_is_refused_with_the_reason(self):
        for ranks in (0, 2):
            done = self.gpt("train", "--out", self.folder / "run", "--data", self.text, *options(TINY), "--comm", "nccl",
                            ranks=ranks)
            if done.returncode == 0:
                self.skipTest("there is a GPU, and NCCL")
            self.assert_refused(done, "--comm nccl needs GPUs, and ")

    def test_contradictions_are_refused(self):
        self.refuse("--comm", "pigeon", mentions=["--comm takes auto, mpi, nccl,", "not 'pigeon'"])
        self.refuse("--comm", "ring", "--all-reduce", "tree", mentions=["--comm ring and --all-reduce tree name two ways"])
        nccl = ["--comm", "nccl", "--device"]
        self.refuse(*nccl, "cpu", mentions=["--device cpu has none"])
        self.refuse(*nccl, "simt", "--all-reduce", "ring", mentions=["--all-reduce ring is a way over MPI"])
        self.refuse("--comm", "nccl", "--zero", 1, mentions=["--zero 1 works on the host"])
        self.refuse(*nccl, "simt", "--reproducible", mentions=["--reproducible adds in a tree of its own"])


if __name__ == "__main__":
    unittest.main()
