"""--all-reduce: the plan of the sums is shown, kept in the run's folder, and taken again by --resume."""

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
        self.assertIn("all-reduce *:shared-memory (one host)", self.begin().stdout)
        self.assertEqual(self.communication(), {"ranks": 2, "all_reduce": "*:shared-memory"})

    def test_an_algorithm_can_be_asked_for(self):
        for name in ("ring", "recursive-doubling", "library"):
            self.setUp()
            self.assertIn(f"all-reduce *:{name} (as asked for)", self.begin(**{"all-reduce": name}).stdout)

    def test_a_resumed_run_takes_its_plan_again(self):
        self.begin(steps=5)
        plan = "1KiB:tree,*:halving-doubling"
        file = self.folder / "run" / "communication.json"
        file.write_text(json.dumps({"ranks": 2, "another": 7, "all_reduce": plan}))
        done = self.train("--resume", steps=10)
        self.assertIn(f"all-reduce {plan} (as before)", done.stdout, done.stderr)
        self.assertEqual(self.communication(), {"ranks": 2, "another": 7, "all_reduce": plan})
        # On another number of ranks it begins anew.
        self.assertIn("*:shared-memory (one host)", self.train("--resume", ranks=3, steps=15).stdout)
        self.assertEqual(self.communication(), {"ranks": 3, "another": 7, "all_reduce": "*:shared-memory"})

    def test_what_is_wrong_is_one_sentence(self):
        self.assertIn("--all-reduce takes auto, library,", self.refused(self.train(data=self.text, **{"all-reduce": "rink"})))
        self.begin(steps=5)
        file = self.folder / "run" / "communication.json"
        for damaged in ("{", "[]", '{"ranks": 2, "all_reduce": 3}', '{"ranks": 2, "all_reduce": "*:rink"}'):
            file.write_text(damaged)
            self.assertIn("communication.json", self.refused(self.train("--resume", steps=10)))

    def test_one_rank_has_nothing_to_add(self):
        self.assertNotIn("all-reduce", self.gpt("train", "--out", self.folder / "run",
                                                *options({"data": self.text, **TINY})).stdout)


if __name__ == "__main__":
    unittest.main()
