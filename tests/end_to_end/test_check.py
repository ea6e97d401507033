"""gpt check: the reference files that PyTorch wrote, and what happens when one is wrong."""

import struct
import unittest

from trainer import ROOT, TrainerTest

REFERENCES = [ROOT / "tests/oracle" / f"{name}.safetensors"
              for name in ("one_layer", "three_heads", "three_layers", "long_context")]


class Check(TrainerTest):
    def check(self, path, *words):
        return self.gpt("check", "--reference", path, "--threads", 1, *words)

    def test_every_reference_is_met(self):
        for path in REFERENCES:
            done = self.check(path)
            self.assertEqual(done.returncode, 0, f"{path}\n{done.stdout}{done.stderr}")
            for kind in ("logits", "loss", "gradient", "after 10 steps"):
                self.assertIn(kind, done.stdout)

    def test_the_loss_is_met_to_a_hundred_thousandth(self):
        for path in REFERENCES:
            loss = next(line for line in self.check(path).stdout.splitlines() if line.startswith("loss"))
            self.assertLessEqual(float(loss.split()[2]), 1e-5, path)

    def test_more_than_the_tolerance_is_exit_code_1(self):
        self.assertEqual(self.check(REFERENCES[1], "--tolerance", 1e-12).returncode, 1)

    def test_a_changed_weight_is_noticed(self):
        data = bytearray(REFERENCES[0].read_bytes())
        (length,) = struct.unpack("<Q", data[:8])
        first = 8 + length  # the file begins with the token embedding
        struct.pack_into("<f", data, first, struct.unpack_from("<f", data, first)[0] + 0.01)
        changed = self.folder / "changed.safetensors"
        changed.write_bytes(data)
        self.assertEqual(self.check(changed).returncode, 1)

    def test_verbose_shows_every_tensor(self):
        done = self.check(REFERENCES[2], "--verbose")
        for name in ("h.2.mlp.c_proj.bias", "h.0.attn.c_attn.weight", "wpe.weight"):
            self.assertIn(name, done.stdout)

    def test_files_that_are_no_reference_are_refused(self):
        self.assert_refused(self.check(self.folder / "missing"), "missing")
        self.assert_refused(self.check(self.text), "text.txt")
        self.assert_refused(self.check(ROOT / "tests/oracle/ops.safetensors"), "ops.safetensors")


if __name__ == "__main__":
    unittest.main()
