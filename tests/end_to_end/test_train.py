"""gpt train and its companions: what they write, and what they say."""

import json
import unittest
import xml.etree.ElementTree

from trainer import TrainerTest, checkpoints, metrics, tensors


class Train(TrainerTest):
    def test_a_run_leaves_what_the_manual_says(self):
        self.train("run")
        run = self.folder / "run"
        for name in ("config.json", "tokenizer.json", "metrics.jsonl", "history.jsonl", "loss.svg", "sample.txt",
                     "data/train.tok", "data/validation.tok"):
            self.assertTrue((run / name).is_file(), name)
        self.assertEqual(json.loads((run / "config.json").read_text())["width"], 16)
        xml.etree.ElementTree.parse(run / "loss.svg")
        (run / "sample.txt").read_text(encoding="utf-8")

        lines = metrics(run)
        self.assertEqual([line["step"] for line in lines], list(range(1, 21)))
        keys = {"step", "train_loss", "lr", "grad_norm", "tokens_per_second", "step_ms", "comm_ms",
                "comm_total_ms", "comm_hidden_ms", "wire_bytes", "memory_mb"}
        for line in lines:
            self.assertEqual(set(line), keys | ({"val_loss"} if line["step"] % 5 == 0 else set()))
        self.assertLess(lines[-1]["train_loss"], lines[0]["train_loss"])

        checkpoint = checkpoints(run)[-1]
        self.assertEqual(checkpoint.name, "step-000020")
        state = json.loads((checkpoint / "state.json").read_text())
        self.assertEqual(state["step"], 20)
        weights = tensors(checkpoint / "model.safetensors")
        self.assertEqual(len(weights["wte.weight"]), 256 * 16)
        self.assertIn("h.0.attn.c_attn.weight", weights)
        self.assertEqual({name[2:] for name in tensors(checkpoint / "optimizer.safetensors")}, set(weights))

    def test_in_a_pipe_the_lines_are_plain(self):
        done = self.train("run")
        self.assertNotIn("\x1b", done.stdout)
        self.assertNotIn("\r", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertIn("step 20/20", done.stdout)
        self.assertIn("  | ", done.stdout)  # the beginning of the sample
        self.assertIn("parameters", done.stdout)

    def test_only_the_newest_and_the_best_checkpoints_stay(self):
        self.train("run", checkpoint_every=1, eval_every=1, keep=2)
        run = self.folder / "run"
        best = min((line["val_loss"], line["step"]) for line in metrics(run))[1]
        self.assertEqual({path.name for path in checkpoints(run)},
                         {f"step-{step:06}" for step in (best, 19, 20)})

    def test_the_same_choices_make_the_same_run(self):
        self.train("one")
        self.train("two", config=self.folder / "one" / "config.json")
        for name in ("model.safetensors", "optimizer.safetensors"):
            self.assertEqual((checkpoints(self.folder / "one")[-1] / name).read_bytes(),
                             (checkpoints(self.folder / "two")[-1] / name).read_bytes())

    def test_every_tokenizer_trains_and_samples(self):
        for tokenizer in ("byte", "char", "bpe:300"):
            with self.subTest(tokenizer):
                run = f"run-{tokenizer[:3]}"
                self.train(run, tokenizer=tokenizer, steps=5)
                done = self.gpt("sample", "--run", run, "--prompt", "line 1", "--length", 10, "--temperature", 0)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout.startswith("line 1"))
                self.assertEqual(self.gpt("eval", "--run", run).returncode, 0)

    def test_several_texts_from_one_prompt(self):
        self.train("run", steps=5)
        sample = ["sample", "--run", "run", "--length", 20]
        prompt = self.folder / "prompt.txt"
        prompt.write_text("line 1\nand", encoding="utf-8")
        alone = [self.gpt(*sample, "--prompt", "line 1\nand", "--seed", seed).stdout for seed in (7, 8, 9)]
        self.assertEqual(len(set(alone)), 3)
        done = self.gpt(*sample, "--prompt-file", prompt, "--samples", 3, "--seed", 7)
        self.assertEqual((done.returncode, done.stdout), (0, "---\n".join(alone)), done.stderr)
        piped = self.gpt(*sample, "--prompt-file", "-", "--seed", 8, stdin=prompt.read_text(encoding="utf-8"))
        self.assertEqual((piped.returncode, piped.stdout), (0, alone[1]), piped.stderr)
        self.assert_refused(self.gpt(*sample, "--prompt-file", "-"), "--prompt-file")
        self.assert_refused(self.gpt(*sample, "--prompt-file", prompt, "--prompt", "x"), "exclude")
        self.assert_refused(self.gpt(*sample, "--samples", 0), "--samples")

    def test_a_tokenizer_without_a_line_feed_samples(self):
        (self.folder / "line.txt").write_text("one line and no end " * 200, encoding="utf-8")
        self.train("run", data="line.txt", tokenizer="char", steps=2)
        done = self.gpt("sample", "--run", "run", "--length", 5)
        self.assertEqual((done.returncode, len(done.stdout)), (0, 6), done.stderr)

    def test_tokens_made_beforehand_train_like_the_text(self):
        done = self.gpt("tokenize", "--data", self.text, "--train", "bpe:280", "--out", "tokens")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.train("run", data=self.folder / "tokens" / "tokens.tok", tokenizer=None)
        self.assertLess(metrics(self.folder / "run")[-1]["train_loss"], 6)

    def test_the_learning_rates_are_those_of_the_schedule(self):
        for schedule in ("constant", "linear", "step", "cosine"):
            self.train(schedule, schedule=schedule, warmup=0, lr=1e-3, min_lr=1e-4)
            rates = [line["lr"] for line in metrics(self.folder / schedule)]
            self.assertAlmostEqual(rates[0], 1e-3)
            self.assertEqual(rates, sorted(rates, reverse=True))
            if schedule == "constant":
                self.assertEqual(rates[-1], rates[0])
            else:
                self.assertLess(rates[-1], 3e-4)

    def test_bf16_and_dropout_train(self):
        for choices in ({"precision": "bf16"}, {"dropout": 0.2}):
            with self.subTest(choices):
                name = next(iter(choices))
                self.train(name, **choices)
                lines = metrics(self.folder / name)
                self.assertLess(lines[-1]["train_loss"], lines[0]["train_loss"])

    def test_a_loss_that_is_no_number_stops_the_run(self):
        for ranks in (0, 2):
            with self.subTest(ranks=ranks):
                run = f"run-{ranks}"
                done = self.train(run, ranks=ranks, expect=1, lr=1e30, warmup=0, clip=0, schedule="constant")
                self.assertRegex(done.stderr, r"^gpt: stopped in step \d+: the first bad tensor is the [^\n]*\n$")
                for path in checkpoints(self.folder / run):
                    self.assertNotIn(b"null", (path / "state.json").read_bytes())

    def test_the_last_good_checkpoint_is_named_and_stays(self):
        self.train("run", steps=5, schedule="constant")
        done = self.train("run", expect=1, resume=True, lr=1e30, clip=0, schedule="constant")
        self.assertIn("step-00000", done.stderr)
        self.assertEqual(self.gpt("eval", "--run", "run").returncode, 0)

    def test_bench_asks_the_system_for_no_memory(self):
        done = self.gpt("bench", "--preset", "shakespeare-char", "--batch", 2, "--context", 16, "--steps", 3, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["system_requests_per_step"], 0)
        self.assertGreater(result["tokens_per_second"], 0)
        self.assertGreater(result["peak_rss_mb"], 1)


if __name__ == "__main__":
    unittest.main()
