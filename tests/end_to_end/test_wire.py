"""The trainer's count of the bytes that it sends, against the count of the network interface that sends them.
Exit code 77, skipped, where this machine makes no lab."""

import pathlib
import sys
import unittest

from trainer import GPT, ROOT

sys.path[:0] = [str(ROOT / "tests/benchmarks"), str(ROOT / "tests/lab")]
from lab import Lab, skip_without_lab  # noqa: E402
from link import Ranks  # noqa: E402


class Wire(unittest.TestCase):
    def test_the_interface_counts_what_the_trainer_counts(self):
        with Lab(2, rate="1gbit") as lab:
            ranks = Ranks(lab, pathlib.Path(GPT))
            for method in ("none", "int8", "topk:0.01"):
                with self.subTest(method):
                    _, counted, wire = ranks.measure(10, ["--compress", method])
                    self.assertGreater(counted, 0)
                    self.assertAlmostEqual(wire / counted, 1, delta=0.05)


if __name__ == "__main__":
    skip_without_lab()
    unittest.main()
