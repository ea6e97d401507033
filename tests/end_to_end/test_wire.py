"""The trainer's count of the bytes that it sends, against the counts of the network interface that sends them.
Exit code 77, skipped, where this machine makes no lab."""

import pathlib
import sys
import unittest

from trainer import GPT, ROOT

sys.path[:0] = [str(ROOT / "tests/benchmarks"), str(ROOT / "tests/lab")]
from lab import Lab, skip_without_lab  # noqa: E402
from link import HEADERS, LARGEST, Ranks  # noqa: E402


class Wire(unittest.TestCase):
    def test_the_interface_counts_what_the_trainer_counts(self):
        with Lab(2, rate="1gbit") as lab:
            ranks = Ranks(lab, pathlib.Path(GPT))
            for method, steps in (("none", 8), ("powersgd:4", 60)):  # few long messages, and many short ones
                with self.subTest(method):
                    by_shaper, by_interface = ranks.sent(), ranks.sent_by_interface()
                    _, counted, sent, interface = ranks.measure(steps, ["--compress", method])
                    self.assertGreater(counted, 0)
                    self.assertAlmostEqual(sent.payload / counted, 1, delta=0.05)
                    self.assertAlmostEqual(interface.wire / counted, 1, delta=0.05)
                    # Of whole frames and few acknowledgements: the headers as computed.
                    if method == "none":
                        self.assertAlmostEqual(sent.wire / (counted * (1 + HEADERS / LARGEST)), 1, delta=0.05)
                    # Shaper and interface count frames differently, and the same bytes without their headers.
                    payloads = [ranks.sent().since(by_shaper).payload,
                                ranks.sent_by_interface().since(by_interface).payload]
                    self.assertAlmostEqual(payloads[0] / payloads[1], 1, delta=0.01)


if __name__ == "__main__":
    skip_without_lab()
    unittest.main()
