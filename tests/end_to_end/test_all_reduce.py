"""--all-reduce and --bucket-mb: how sums are taken is shown, kept in the run's folder, and taken again by --resume."""

import json
import unittest

from trainer import TINY, TrainerTest, options


class AllReduce(TrainerTest):
    def train(self, *words, ranks=2, **choices):
        return self.gpt("train", "--out", self.folder / "run", *words, *options(choices), ranks=ranks)

    def begin(self, **more):
        done = self.train(**{"data": self.text, **TINY, **more})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def communication(self):
        return json.loads((self.folder / "run" / "communication.json").read_text())

    def refused(self, done):
        """The one sentence of a user's mistake."""
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_one_host_uses_shared_memory(self):
        self.assertIn("all-reduce *:shared-memory (one host), buckets of 0.25 MB (as asked for)",
                      self.begin(**{"bucket-mb": 0.25}).stdout)
        self.assertEqual(self.communication(), {"ranks": 2, "all_reduce": "*:shared-memory", "bucket_bytes": 1 << 18})

    def test_the_size_of_buckets_is_measured_unless_told(self):
        self.assertRegex(self.begin(steps=5).stdout, r"buckets of [0-9.]+ MB \(measured\)")
        measured = self.communication()["bucket_bytes"]
        self.assertGreater(measured, 0)
        self.assertIn("(as before)\n", self.train("--resume", steps=10).stdout)
        self.assertEqual(self.communication()["bucket_bytes"], measured)
        self.setUp()
        told = self.begin(steps=10, **{"bucket-mb": measured / 2**20})
        self.assertIn("(as asked for)\n", told.stdout)

    def test_an_algorithm_can_be_asked_for(self):
        for name in ("ring", "recursive-doubling", "library"):
            self.setUp()
            self.assertIn(f"all-reduce *:{name} (as asked for)", self.begin(**{"all-reduce": name}).stdout)

    def test_a_resumed_run_takes_its_plan_again(self):
        self.begin(steps=5)
        plan = "1KiB:tree,*:halving-doubling"
        file = self.folder / "run" / "communication.json"
        file.write_text(json.dumps({"ranks": 2, "all_reduce": plan, "bucket_bytes": 4096}))
        done = self.train("--resume", steps=10)
        self.assertIn(f"all-reduce {plan} (as before), buckets of 0.00390625 MB (as before)", done.stdout, done.stderr)
        self.assertEqual(self.communication(), {"ranks": 2, "all_reduce": plan, "bucket_bytes": 4096})
        # On another number of ranks it begins anew.
        self.assertIn("*:shared-memory (one host)", self.train("--resume", ranks=3, steps=15).stdout)
        self.assertEqual(self.communication()["ranks"], 3)
        self.assertNotEqual(self.communication()["bucket_bytes"], 4096)

    def test_what_is_wrong_is_one_sentence(self):
        self.assertIn("--all-reduce takes auto, library,", self.refused(self.train(data=self.text, **{"all-reduce": "rink"})))
        self.assertIn("--bucket-mb takes auto or", self.refused(self.train(data=self.text, **{"bucket-mb": "many"})))
        self.begin(steps=5)
        file = self.folder / "run" / "communication.json"
        for damaged in ("{", "[]", '{"ranks": 2, "all_reduce": 3}', '{"ranks": 2, "all_reduce": "*:rink"}',
                        '{"ranks": 2, "bucket_bytes": 0}', '{"ranks": 2, "bucket_bytes": "4"}'):
            file.write_text(damaged)
            self.assertIn("communication.json", self.refused(self.train("--resume", steps=10)))

    def test_one_rank_has_nothing_to_add(self):
        self.assertNotIn("all-reduce", self.gpt("train", "--out", self.folder / "run",
                                                *options({"data": self.text, **TINY})).stdout)


if __name__ == "__main__":
    unittest.main()
