"""gpt train --timeline: a file for Perfetto, of all ranks, on one clock."""

import json
import signal
import unittest

from timeline import Timeline
from trainer import Job, TINY, TrainerTest, metrics, options

SMALL_BUCKETS = 0.002  # megabytes: some ten of the tiny model


class TimelineFile(TrainerTest):
    def timeline(self, name="timeline.json"):
        return Timeline((self.folder / name).read_text(encoding="utf-8"))

    def test_it_holds_every_rank_step_bucket_and_layer(self):
        for ranks in (0, 1, 2, 3):
            with self.subTest(ranks=ranks):
                self.train(f"run-{ranks}", ranks=ranks, layers=3, bucket_mb=SMALL_BUCKETS, timeline="timeline.json")
                timeline = self.timeline()
                self.assertEqual(timeline.ranks, max(1, ranks))
                self.assertEqual(sorted(timeline.steps(0)), list(range(3, 13)))
                self.assertGreater(len(timeline.buckets(0, 3)), 5)

    def test_the_hidden_figure_is_the_trainers(self):
        for choices in ({"overlap": "on"}, {"overlap": "off"}, {"micro_batch": 1}):
            with self.subTest(choices):
                run = "-".join(map(str, choices.values()))
                done = self.train(run, ranks=2, bucket_mb=SMALL_BUCKETS, timeline="timeline.json", timeline_steps="1:20",
                                  eval_every=20, checkpoint_every=20, **choices)
                timeline, lines = self.timeline(), metrics(self.folder / run)
                total, hidden = 0, 0
                for line in lines:
                    of_step = timeline.hidden(0, line["step"])
                    self.assertAlmostEqual(line["comm_total_ms"], of_step[0], delta=0.001)
                    self.assertAlmostEqual(line["comm_hidden_ms"], of_step[1], delta=0.001)
                    total, hidden = total + of_step[0], hidden + of_step[1]
                if choices.get("overlap") == "off":
                    self.assertEqual(hidden, 0)
                words = f"communication {total / len(lines):.1f} ms a step, {100 * hidden / total:.0f}% of it behind backward"
                self.assertTrue(any(line.startswith(words) for line in done.stdout.splitlines()), done.stdout)

    def test_steps_are_counted_from_where_the_run_begins(self):
        self.train("run", ranks=2, steps=8, timeline="first.json", timeline_steps="2:4")
        self.assertEqual(sorted(self.timeline("first.json").steps(1)), [2, 3, 4])
        self.train("run", ranks=2, steps=16, resume=True, timeline="second.json", timeline_steps="2:4")
        self.assertEqual(sorted(self.timeline("second.json").steps(1)), [10, 11, 12])

    def test_a_run_that_is_too_short_or_is_stopped_leaves_what_there_was(self):
        self.train("short", ranks=2, steps=5, timeline="timeline.json")
        self.assertEqual(sorted(self.timeline().steps(1)), [3, 4, 5])
        choices = {**TINY, "data": self.text, "out": "stopped", "steps": 100000, "timeline": "stopped.json",
                   "timeline-steps": "2:900"}
        job = Job(self, 2, "train", *options(choices))
        self.assertTrue(job.wait_for_step(self.folder / "stopped", 5), job.output())
        job.signal(signal.SIGUSR1)  # which mpirun passes on
        self.assertEqual(job.wait(), 0, job.output())
        last = metrics(self.folder / "stopped")[-1]["step"]
        self.assertEqual(sorted(self.timeline("stopped.json").steps(1)), list(range(2, min(last, 900) + 1)))

    def test_an_older_file_is_replaced_whole(self):
        (self.folder / "timeline.json").write_text("older")
        self.train("run", timeline="timeline.json")
        self.timeline()
        self.assertEqual([path.name for path in self.folder.iterdir() if "timeline" in path.name], ["timeline.json"])

    def test_what_cannot_be_written_is_refused_before_anything_is(self):
        (self.folder / "folder").mkdir()
        for choices, mention in (({"timeline": "nowhere/timeline.json"}, "nowhere"), ({"timeline": "folder"}, "folder"),
                                 ({"timeline": "t.json", "timeline_steps": "5"}, "FIRST:LAST"),
                                 ({"timeline": "t.json", "timeline_steps": "0:3"}, "FIRST:LAST"),
                                 ({"timeline": "t.json", "timeline_steps": "4:3"}, "FIRST:LAST"),
                                 ({"timeline": "t.json", "timeline_steps": "1:100000"}, "1000")):
            for ranks in (0, 2):
                with self.subTest(choices, ranks=ranks):
                    self.assert_refused(self.train("run", ranks=ranks, expect=2, **choices), mention)
                    self.assertFalse((self.folder / "run").exists())

    def test_bench_writes_one_too(self):
        done = self.gpt("bench", "--preset", "shakespeare-char", "--batch", 2, "--context", 16, "--steps", 3, "--json",
                        "--timeline", "timeline.json", "--timeline-steps", "4:6", ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        result, timeline = json.loads(done.stdout), self.timeline()
        hidden = [timeline.hidden(0, step) for step in (4, 5, 6)]
        self.assertAlmostEqual(result["comm_total_ms"], sum(total for total, _ in hidden) / 3, delta=0.001)
        self.assertAlmostEqual(result["comm_hidden_ms"], sum(hidden for _, hidden in hidden) / 3, delta=0.001)


if __name__ == "__main__":
    unittest.main()
