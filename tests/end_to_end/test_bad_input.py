"""Every mistake is one clear sentence, exit code 2, and no harm to a run that is there."""

import os
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from trainer import TINY, TrainerTest, checkpoints, command, contents, options


class BadInput(TrainerTest):
    def setUp(self):
        super().setUp()
        self.words = options({**TINY, "steps": 5})

    def refuse(self, *words, mentions=(), ranks=0):
        """gpt train with these words is refused, and makes no folder."""
        out = self.folder / "refused"
        self.assert_refused(self.gpt("train", "--out", out, *self.words, *words, ranks=ranks), *mentions)
        self.assertFalse(out.exists(), "something was written")

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def test_data_that_cannot_be_used(self):
        for name, data, mention in (("empty.txt", b"", "empty"), ("binary.txt", b"\x7fELF\0\0\0" * 99, "NUL"),
                                    ("latin.txt", b"na\xefve " * 99, "UTF-8"), ("short.txt", b"too short", "--context"),
                                    ("short.tok", b"GPTTOKEN", "short.tok"), ("other.tok", b"x" * 999, "token file")):
            with self.subTest(name):
                self.refuse("--data", self.file(name, data), mentions=[mention])
        self.refuse("--data", self.folder / "missing.txt", mentions=["missing.txt"])
        (self.folder / "nothing").mkdir()
        self.refuse("--data", self.folder / "nothing", mentions=["nothing"])

    def test_processes_that_do_not_find_each_other(self):
        for launcher, variables in (("srun", {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"}),
                                    ("MPI's launcher", {"PMI_SIZE": "4"}), ("MVAPICH", {"MV2_COMM_WORLD_SIZE": "4"})):
            with self.subTest(launcher), unittest.mock.patch.dict(os.environ, variables):
                self.refuse("--data", self.text, mentions=[launcher, "has started 4 processes"])
                self.assert_refused(self.gpt("launch", "-n", 4, "--", "train", "--data", self.text), launcher)
        with unittest.mock.patch.dict(os.environ, {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "1"}):
            other = self.gpt("train", "--data", self.text, "--out", self.folder / "refused", *self.words)
            self.assertEqual((other.returncode, other.stderr), (2, ""))  # the first has said it
            # srun --pty started a shell, and what runs there was started by hand.
            with unittest.mock.patch.dict(os.environ, {"SLURM_PTY_PORT": "1"}):
                self.train("run", steps=1)

    def test_the_same_on_two_ranks(self):
        self.refuse("--data", self.folder / "missing.txt", mentions=["missing.txt"], ranks=2)
        self.refuse("--data", self.text, "--heads", 3, mentions=["heads"], ranks=2)
        self.refuse("--data", self.text, "--sheduel", 3, mentions=["--schedule"], ranks=2)

    def test_options_that_contradict_each_other(self):
        for words in (["--heads", 3], ["--batch", 0], ["--micro-batch", 99], ["--lr", "fast"], ["--min-lr", 1],
                      ["--validation", 1], ["--validation", "1e-9"], ["--precision", "f8"], ["--schedule", "sine"],
                      ["--tokenizer", "bpe:7"], ["--tokenizer", "nowhere.json"], ["--steps", -1], ["--context", 99999],
                      ["--local-sgd", 4, "--reproducible"], ["--stale", 2], ["--servers", 1], ["--lr", "inf"],
                      ["--clip", "inf"], ["--epsilon", "inf"], ["--batch", 2**63 - 1], ["--layers", 2**63 - 1],
                      ["--width", 2**62], ["--heads", 2**63 - 1], ["--context", 2**63 - 1], ["--collective-timeout", "nan"],
                      ["--collective-timeout", 0]):
            with self.subTest(words):
                wanted = [word for word in self.words]
                if words[0] in wanted:
                    at = wanted.index(words[0])
                    del wanted[at:at + 2]
                out = self.folder / "refused"
                done = self.gpt("train", "--data", self.text, "--out", out, *wanted, *words)
                self.assert_refused(done)
                self.assertFalse(out.exists())

    def test_what_a_shared_model_cannot_do(self):
        for words, mentions in ((["--tp", 0], ["--tp must be at least 1"]), (["--tp", 4], ["--heads 2"]),
                                (["--tp", 2], ["a multiple of that, not 1"]),
                                (["--tp", 2, "--zero", 1], ["--zero 1", "leave out one"]),
                                (["--tp", 2, "--compress", "int8"], ["--compress int8", "leave out one"]),
                                (["--tp", 2, "--local-sgd", 4], ["--local-sgd", "leave out one"]),
                                (["--tp", 2, "--reproducible"], ["--reproducible or --tp"]),
                                (["--tp", 2, "--device", "simt"], ["--device simt"]),
                                (["--tp", 2, "--comm", "nccl"], ["--comm nccl"])):
            with self.subTest(words):
                self.refuse("--data", self.text, *words, mentions=mentions)
        done = self.gpt("launch", "--hosts", "a:2,b:2", "--", "train", "--data", self.text, *self.words, "--tp", 2)
        self.assert_refused(done, "--tp 2")

    def test_what_a_graph_cannot_keep(self):
        for words in (["--device", "cpu"], ["--dropout", 0.1], ["--zero", 1], ["--tp", 2], ["--servers", 1]):
            with self.subTest(words):
                self.refuse("--data", self.text, "--cuda-graph", "on", *words,
                            mentions=[f"--cuda-graph on and {words[0]}", "exclude each other"])
        self.refuse("--data", self.text, "--cuda-graph", "yes", mentions=["on or off"])

    def test_unknown_options_name_the_nearest(self):
        self.refuse("--data", self.text, "--widht", 3, mentions=["--width"])
        self.refuse("--data", self.text, "--preset", "shakespear-char", mentions=["shakespeare-char"])
        self.assert_refused(self.gpt("trian"), "train")
        self.assert_refused(self.gpt(), "train")
        self.assert_refused(self.gpt("sample", "--temprature", 1), "--temperature")
        config = self.file("config.json", b'{"wdith": 3}')
        self.refuse("--data", self.text, "--config", config, mentions=["width"])
        self.refuse("--data", self.text, "--config", self.file("bad.json", b'{"width": '), mentions=["bad.json"])
        self.refuse("--data", self.text, "--config", self.folder / "missing.json", mentions=["missing.json"])

    def test_a_run_that_is_there_is_not_harmed(self):
        self.train("run")
        run = self.folder / "run"
        before = contents(run)
        for words, mentions in (
            (["train", "--out", "run", "--data", self.text, *self.words], ["--resume", "--out"]),
            (["train", "--out", "run", "--resume", "--width", 32], ["width"]),
            (["train", "--out", "run", "--resume", "--data", "other.txt"], ["data"]),
            (["train", "--out", "run", "--resume", "--preset", "small"], ["preset"]),
            (["train", "--out", "run", "--resume", "--lr", -1], ["--lr"]),
            (["train", "--out", "run", "--resume", "--resme"], ["--resume"]),
            (["train", "--out", "run/config.json", "--data", self.text, *self.words], ["--out"]),
            (["train", "--out", "run/checkpoints", "--data", self.text, *self.words], ["--out"]),
            (["sample", "--run", "run", "--temperature", -1], ["temperature"]),
            (["sample", "--run", "run", "--prompt", ""], ["--prompt"]),
            (["sample", "--run", "run", "--checkpoint", "x"], ["--checkpoint"]),
            (["eval", "--run", "run", "--data", "missing.txt"], ["missing.txt"]),
            (["tokenize", "--data", self.text, "--out", "run"], ["tokenizer.json"]),
        ):
            with self.subTest(words):
                self.assert_refused(self.gpt(*words), *mentions)
                self.assertEqual(contents(run), before)
        self.assert_refused(self.gpt("train", "--out", "nowhere", "--resume"), "nowhere")
        self.assert_refused(self.gpt("sample", "--run", "nowhere"), "nowhere")

    def damage(self, path, change):
        """Resuming and sampling are refused while `path` is changed, and the folder stays as it is."""
        run = self.folder / "run"
        whole = path.read_bytes()
        path.write_bytes(change(whole))
        damaged = contents(run)
        for words in (["train", "--out", "run", "--resume", "--steps", 30], ["sample", "--run", "run"]):
            if path.suffix != ".tok" or words[0] == "train":
                self.assert_refused(self.gpt(*words), path.parent.name)
        config = damaged.pop("config.json")  # may name the new number of steps
        after = contents(run)
        after.pop("config.json")
        self.assertEqual(after, damaged)
        (run / "config.json").write_bytes(config)
        path.write_bytes(whole)

    def test_a_damaged_checkpoint_is_named(self):
        self.train("run")
        newest = checkpoints(self.folder / "run")[-1]
        for name in ("model.safetensors", "optimizer.safetensors", "state.json"):
            for change in (lambda data: data[:-10], lambda data: data[:40] + b"?" + data[41:], lambda data: b""):
                with self.subTest(name):
                    self.damage(newest / name, change)
        self.train("run", resume=True, steps=30)

    def test_damaged_tokens_are_named(self):
        self.train("run")
        for name in ("train.tok", "validation.tok"):
            for change in (lambda data: data[:-2], lambda data: data[:70] + b"??" + data[72:]):
                self.damage(self.folder / "run" / "data" / name, change)

    def test_a_checkpoint_of_another_shape_is_refused(self):
        self.train("run")
        self.train("wide", width=32)
        run, wide = checkpoints(self.folder / "run")[-1], checkpoints(self.folder / "wide")[-1]
        shutil.rmtree(run)
        shutil.copytree(wide, run)
        self.assert_refused(self.gpt("train", "--out", "run", "--resume", "--steps", 30), "another shape")

    def test_other_data_than_the_checkpoints_are_refused(self):
        self.train("run")
        self.text.write_text(self.text.read_text().replace("fox", "hen"))
        self.train("other")
        shutil.rmtree(self.folder / "run" / "data")
        shutil.copytree(self.folder / "other" / "data", self.folder / "run" / "data")
        self.assert_refused(self.gpt("train", "--out", "run", "--resume", "--steps", 30), "data")

    def test_a_folder_that_cannot_be_written(self):
        self.assert_refused(self.gpt("train", "--data", self.text, "--out", "/proc/run", *self.words), "/proc/run")
        self.assert_refused(self.gpt("train", "--data", self.text, "--out", self.text / "run", *self.words), "text.txt")
        if os.getuid() != 0:
            locked = self.folder / "locked"
            locked.mkdir(mode=0o500)
            self.assert_refused(self.gpt("train", "--data", self.text, "--out", locked / "run", *self.words), "locked")


@unittest.skipIf(os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
                 "only root can mount a small disk")
class FullDisk(TrainerTest):
    """On a disk of a few hundred kilobytes, seen by no other process."""

    def on_small_disk(self, kilobytes, script):
        disk = Path(tempfile.mkdtemp(prefix="gpt-disk-"))
        self.addCleanup(disk.rmdir)
        mount = f"mount -t tmpfs -o size={kilobytes}k none {disk} && cd {disk} && {script}"
        return subprocess.run(["unshare", "-m", "bash", "-c", mount], capture_output=True, text=True, timeout=120)

    def train_words(self, **more):
        return " ".join(command(0, "train", "--data", self.text, *options({**TINY, "out": "run", **more})))

    def test_a_new_run_that_does_not_fit_leaves_nothing(self):
        done = self.on_small_disk(16, f"{self.train_words()}; code=$?; ls -A >&2; exit $code")
        self.assert_refused(done, "No space left")

    def test_a_checkpoint_that_does_not_fit_leaves_the_last_good_one(self):
        # 93 KB a checkpoint: two fit, the third does not.
        script = (f"{self.train_words(**{'keep': 9, 'eval-every': 100})}; code=$?; "
                  f"ls -A run/checkpoints; {' '.join(command(0, 'eval', '--run', 'run'))}; exit $code")
        done = self.on_small_disk(260, script)
        self.assert_refused(done, "No space left")
        self.assertIn("step-000005", done.stdout)
        self.assertNotIn("partial", done.stdout)
        self.assertIn("perplexity", done.stdout)


if __name__ == "__main__":
    unittest.main()
