"""gpt --device: the SIMT machine computes what the CPU computes, and a GPU that is not there is said to be missing."""

import os
import re
import statistics
import subprocess
import unittest

from trainer import ROOT, TrainerTest, command, environment, metrics

REFERENCES = [ROOT / "tests/oracle" / f"{name}.safetensors" for name in ("one_layer", "three_heads", "three_layers")]
SMALL = {"width": 8, "context": 8, "batch": 4, "steps": 4, "eval-every": 4, "checkpoint-every": 2, "sample-length": 3,
         "validation": 0.02}


def losses(run):
    return [line["train_loss"] for line in metrics(run)]


class Device(TrainerTest):
    def gradient_errors(self, path, device, precision, tolerance):
        """How far each parameter's gradient is from the reference's, relative to the largest number in it."""
        done = self.gpt("check", "--reference", path, "--device", device, "--precision", precision, "--threads", 1,
                        "--tolerance", tolerance, "--verbose", timeout=280)
        self.assertEqual(done.returncode, 0, f"{path} {device} {precision}\n{done.stdout}{done.stderr}")
        lines = [line.split() for line in done.stdout.splitlines() if line.startswith("gradient ")]
        return {words[1]: float(words[-1]) for words in lines}

    def test_the_simt_machine_meets_the_references(self):
        for path in REFERENCES:
            self.gradient_errors(path, "simt", "f32", 1e-4)

    def test_in_bf16_the_simt_machine_is_as_near_as_the_cpu(self):
        # Single operations are within 2e-2 (tests/oracle). In a whole model the roundings of all activations add up, to
        # 2.3e-2 on the CPU: so the CPU is the measure. What one kernel lost would show in all gradients behind it.
        for path in REFERENCES:
            cpu, simt = (self.gradient_errors(path, device, "bf16", 4e-2) for device in ("cpu", "simt"))
            self.assertEqual(cpu.keys(), simt.keys())
            self.assertLess(statistics.geometric_mean(simt[name] / max(cpu[name], 1e-6) for name in cpu), 1.5, path)
            self.assertLess(max(simt.values()), 2 * max(cpu.values()), path)

    def test_two_ranks_on_the_simt_machine_compute_what_one_does_on_the_cpu(self):
        self.train("cpu", device="cpu", **SMALL)
        self.train("one", device="simt", **SMALL)
        self.train("two", ranks=2, device="simt", **SMALL)
        expected = losses(self.folder / "cpu")
        for run in ("one", "two"):
            for loss, wanted in zip(losses(self.folder / run), expected, strict=True):
                self.assertAlmostEqual(loss, wanted, delta=1e-4)

    def test_reproducible_means_the_same_bits_on_two_ranks(self):
        for ranks in (1, 2):
            self.train(f"r{ranks}", ranks=ranks, device="simt", reproducible=True, leaves=2, **SMALL)
        files = [self.folder / f"r{ranks}/checkpoints/step-000004/model.safetensors" for ranks in (1, 2)]
        self.assertEqual(files[0].read_bytes(), files[1].read_bytes())

    def test_a_run_goes_on_and_is_used_on_another_device(self):
        self.train("run", device="simt", **SMALL)
        run = self.folder / "run"
        done = self.gpt("train", "--resume", "--out", run, "--device", "cpu", "--steps", 6)
        self.assertEqual(done.returncode, 0, done.stderr)
        texts = {device: self.gpt("sample", "--run", run, "--device", device, "--length", 10, "--prompt", "line",
                                  "--temperature", 0).stdout for device in ("cpu", "simt")}
        self.assertEqual(texts["cpu"], texts["simt"])
        values = {}
        for device in ("cpu", "simt"):
            done = self.gpt("eval", "--run", run, "--device", device, "--batches", 2)
            self.assertEqual(done.returncode, 0, done.stderr)
            values[device] = float(re.search(r"loss ([0-9.]+)", done.stdout)[1])
        self.assertAlmostEqual(values["cpu"], values["simt"], delta=1e-4)

    def test_a_gpu_that_is_not_there_is_said_to_be_missing(self):
        done = self.gpt("bench", "--preset", "small", "--device", "cuda", "--batch", 1, "--context", 2, "--steps", 1)
        if done.returncode == 0:
            self.skipTest("there is a GPU")
        self.assert_refused(done, "--device cuda needs a GPU")
        reasons = ("built without CUDA", "no NVIDIA driver", "driver of this machine is too old", "finds no GPU")
        self.assertEqual(sum(reason in done.stderr for reason in reasons), 1, done.stderr)
        self.assert_refused(self.gpt("bench", "--device", "auto", "--precision", "tf32"), "needs a GPU")
        self.assert_refused(self.gpt("bench", "--device", "gpu"), "--device takes")

    def test_a_full_memory_is_one_sentence(self):
        words = command(0, "bench", "--preset", "small", "--device", "simt", "--steps", 1)
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=120,
                              env={**(environment(0) or os.environ), "SIMT_MEMORY": "50"})
        self.assert_refused(done, "is full: needs", "try a smaller --micro-batch")


if __name__ == "__main__":
    unittest.main()
