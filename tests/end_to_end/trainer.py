"""What the end-to-end tests share: running the trainer, and reading what it wrote. Python's standard library alone."""

import array
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GPT = os.environ.get("GPT", str(ROOT / "build/release/bin/gpt"))
SANITIZED = bool(os.environ.get("GPT_SANITIZE"))      # then every step takes ten times as long
MPIEXEC = os.environ.get("MPIEXEC", shutil.which("mpirun") or "mpirun")

# A model that learns in milliseconds, on a text that is always the same.
TINY = {"layers": 1, "heads": 2, "width": 16, "context": 16, "batch": 6, "steps": 20, "warmup": 2, "tokenizer": "byte",
        "eval-every": 5, "checkpoint-every": 5, "sample-length": 20, "threads": 1}
TEXT = "".join(f"line {i}: the quick brown fox jumps over {i * i % 97} lazy dogs\n" for i in range(120))


def options(choices):
    """{"lr": 1e-3, "resume": True} as --lr 0.001 --resume; None leaves an option out."""
    words = []
    for name, value in choices.items():
        if value is True:
            words.append(f"--{name}")
        elif value is not None:
            words += [f"--{name}", str(value)]
    return words


def command(ranks, *words):
    launcher = [MPIEXEC, "-q", "-np", str(ranks)] if ranks else []
    return launcher + [GPT, *map(str, words)]


def environment(ranks):
    """Open MPI leaks, and unloads what leaked before the leak checker can know it: ranks run without that checker."""
    if not ranks:
        return None
    return {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


class TrainerTest(unittest.TestCase):
    """A test in a folder of its own, with a text in it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gpt-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.text = self.folder / "text.txt"
        self.text.write_text(TEXT)

    def gpt(self, *words, ranks=0, timeout=120, stdin=""):
        """Runs the trainer in the test's folder; ranks = 0 starts it without mpirun."""
        return subprocess.run(command(ranks, *words), cwd=self.folder, capture_output=True, text=True, timeout=timeout,
                              errors="replace", input=stdin, env=environment(ranks))

    def train(self, out, ranks=0, expect=0, **choices):
        """gpt train with the tiny model; underscores in names are dashes. Returns the finished process."""
        given = {"data": self.text, "out": self.folder / out, **TINY}
        given.update({name.replace("_", "-"): value for name, value in choices.items()})
        done = self.gpt("train", *options(given), ranks=ranks)
        self.assertEqual(done.returncode, expect, f"{done.args}\n{done.stdout}\n{done.stderr}")
        return done

    def assert_refused(self, done, *mentions):
        """Exit code 2, and one sentence on stderr that mentions these words."""
        self.assertEqual(done.returncode, 2, f"{done.args}\n{done.stdout}\n{done.stderr}")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("gpt: "), done.stderr)
        for words in mentions:
            self.assertIn(str(words), lines[0])


def metrics(run):
    """The lines of a run's metrics.jsonl."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def without_times(lines):
    return [{key: line[key] for key in ("step", "train_loss", "val_loss", "lr", "grad_norm") if key in line}
            for line in lines]


def checkpoints(run):
    return sorted(path for path in (run / "checkpoints").iterdir() if path.name.startswith("step-"))


def contents(folder):
    """Every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def tensors(path):
    """{name: numbers} of a safetensors file of F32."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    result = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        result[name] = array.array("f", data[8 + length + begin:8 + length + end])
    return result


def descendants(pid):
    """The processes that `pid` started, and those that they started."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended
        if int(fields[1]) == pid and fields[0] != "Z":
            child = int(path.parent.name)
            found += [child, *descendants(child)]
    return found


class Job:
    """A run in the background."""

    def __init__(self, test, ranks, *words):
        self.log = (test.folder / "job.log").open("w+")
        test.addCleanup(self.log.close)
        self.process = subprocess.Popen(command(ranks, *words), cwd=test.folder, stdout=self.log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, start_new_session=True, env=environment(ranks))

    def output(self):
        self.log.seek(0)
        return self.log.read()

    def wait_for_step(self, run, step, timeout=60):
        """Waits until metrics.jsonl has this step; False when the run ended before."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                if (run / "metrics.jsonl").read_bytes().count(b"\n") >= step:
                    return True
            except OSError:
                pass
            if self.process.poll() is not None:
                return False
            time.sleep(0.002)
        raise TimeoutError(f"no step {step} after {timeout} s:\n{self.output()}")

    def kill(self):
        """SIGKILL to the launcher and to every rank; returns when all are gone."""
        everyone = [self.process.pid, *descendants(self.process.pid)]
        for pid in everyone:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        while any(alive(pid) for pid in everyone):
            time.sleep(0.002)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        return self.process.wait(timeout)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
