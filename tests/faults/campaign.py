#!/usr/bin/env python3
"""Jobs that are broken on purpose, at random moments, and what became of them.

    python3 tests/faults/campaign.py --faults 50 --seed 1

Each fault meets a small training in a random step, and then: the job must end in time, all of it, with the right exit code
and a message that names the rank (or the host) and the cause; and `--resume` must go on, and end with the parameters of an
undisturbed run, bit for bit. The kinds of faults are in KINDS below. Those of the network need a lab of several hosts
(tests/lab); where the machine makes none, they are left out, and the table says so.

Exit code 0 when all went as it must, else 1; 77 when all the kinds asked for need a lab and there is none. --seed repeats
the same faults; the moments repeat as far as steps go.
"""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "tests/lab")]
from lab import SKIPPED, Lab, LabUnavailable  # noqa: E402
from trainer import GPT, TEXT, alive, checkpoints, descendants, options  # noqa: E402

FAULTY = os.environ.get("GPT_WITH_FAULTS", str(pathlib.Path(GPT).with_name("gpt_with_faults")))
DEADLINE = 4.0  # seconds, --collective-timeout
GRACE = 5.0     # seconds after the deadline
STEPS = 200
TRAINING = {"layers": 2, "heads": 2, "width": 48, "context": 32, "batch": 8, "steps": STEPS, "warmup": 2, "dropout": 0.1,
            "tokenizer": "byte", "eval-every": 25, "eval-batches": 2, "checkpoint-every": 10, "sample-length": 0,
            "threads": 1, "collective-timeout": DEADLINE}
LOST = r"host {host} is lost|rank {rank} on {host} .*has not (been heard of|arrived)"

# What a fault is called: (does it need the lab?, the exit codes it may end with, what the job says of it)
KINDS = {
    "kill": (False, {137}, r"rank {rank} on host \S+ was ended by signal 9"),
    "stop": (False, {3}, r"rank {rank} on \S+ .*has not (been heard of|arrived)"),
    "config": (False, {2}, r"another lr\b.*rank {rank}\b|rank {rank}\b.*another lr\b"),
    "order": (False, {3}, r"rank {rank}\b.*(collective \d+, barrier|call(s|ed) (barrier|other collectives))"),
    "count": (False, {3}, r"rank {rank}\b.*(all_reduce of 100 f32|call(s|ed) other collectives)"),
    "batches": (False, {3}, r"rank {rank}\b.*(has left|call(s|ed) |waited [\d.]+ s in collective)"),
    "cut": (True, {3, 205}, LOST),
    "drop": (True, {3, 205}, LOST),
}
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
IN_THE_PROGRAM = {"config", "order", "count", "batches"}  # by tests/faults/gpt_with_faults.cpp

Setting = collections.namedtuple("Setting", "name ranks words")  # where the ranks run, as ./book train is told
HERE = Setting("2 ranks on one host", 2, ("--ranks", "2"))
HERE_4 = Setting("4 ranks on one host", 4, ("--ranks", "4"))
THERE = Setting("2 ranks on two hosts", 2, ("--hosts", "a:1,b:1"))


class Campaign:
    def __init__(self, folder, seed, lab, slack):
        self.folder, self.random, self.lab = folder, random.Random(seed), lab
        self.time_limit = DEADLINE + GRACE + slack
        self.mark = f"gpt-campaign-{os.getpid()}"  # an environment variable of all its processes on this host
        (folder / "text.txt").write_text(TEXT)
        self.training = dict(TRAINING)
        self.undisturbed = {}

    # ── Running ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, setting, out, words, **more):
        """./book train in a session of its own; returns the process. Its words go to OUT.log."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OMPI_")}
        environment.update(BOOK_BUILD=str(pathlib.Path(GPT).parents[1]), CAMPAIGN=self.mark, **more)
        environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        command = [str(ROOT / "book"), "train", *setting.words, *words]
        with (self.folder / f"{out}.log").open("w") as log:
            given = {"cwd": self.folder, "env": environment, "stdin": subprocess.DEVNULL, "stdout": log,
                     "stderr": subprocess.STDOUT, "start_new_session": True}
            return self.lab.popen("a", command, **given) if setting is THERE else subprocess.Popen(command, **given)

    def words(self, out):
        return options({"data": "text.txt", "out": out, **self.training})

    def log(self, out):
        return (self.folder / f"{out}.log").read_text(errors="replace")

    def final(self, out):
        """The tensors of the last checkpoint, and its step."""
        last = checkpoints(self.folder / out)[-1]
        return last.name, *((last / name).read_bytes() for name in ("model.safetensors", "optimizer.safetensors"))

    def reference(self, setting):
        if setting not in self.undisturbed:
            out = f"undisturbed-{setting.name.replace(' ', '-')}"
            if self.start(setting, out, self.words(out)).wait(120) != 0:
                sys.exit(f"the undisturbed run failed:\n{self.log(out)}")
            self.undisturbed[setting] = self.final(out)
        return self.undisturbed[setting]

    # ── Processes ────────────────────────────────────────────────────────────────────────────────────────────────────

    def processes(self):
        """The numbers of all processes of the campaign's jobs, on this host and in the lab."""
        found = set(self.lab.processes()) if self.lab else set()
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if f"CAMPAIGN={self.mark}".encode() in (folder / "environ").read_bytes() and alive(int(folder.name)):
                    found.add(int(folder.name))
            except OSError:
                pass  # it has ended, or is not ours
        return found

    def process_of(self, rank):
        """The process that is this rank."""
        for pid in self.processes():
            try:
                environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"OMPI_COMM_WORLD_RANK={rank}".encode() in environment and not descendants(pid):
                return pid
        return None

    def wait_until_none_is_left(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def end_all(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return self.wait_until_none_is_left(10)

    # ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def wait_for_step(self, job, out, step):
        """False when the run ended before."""
        metrics = self.folder / out / "metrics.jsonl"
        while job.poll() is None:
            if metrics.exists() and metrics.read_bytes().count(b"\n") >= step:
                return True
            time.sleep(0.002)
        return False

    def inject(self, kind, rank):
        """Now. False when there is no such rank any more."""
        if kind in SIGNALS:
            try:
                os.kill(self.process_of(rank), SIGNALS[kind])
            except (ProcessLookupError, TypeError):
                return False
        elif kind in ("cut", "drop"):
            getattr(self.lab, kind)("b")
        return True

    def fault(self, number, kind, setting):
        """One fault. Returns (kind, seconds until the job had ended, what was wrong, resumed to the same end)."""
        out = f"run-{number}"
        rank = 1 if KINDS[kind][0] else self.random.randrange(setting.ranks)  # the cable is that of host b, of rank 1
        step = self.random.randint(1, STEPS * 3 // 4)
        pause = self.random.uniform(0, 0.02)  # somewhere inside the step
        while True:
            shutil.rmtree(self.folder / out, ignore_errors=True)
            more = {}
            if kind in IN_THE_PROGRAM:
                more = {"BOOK_PROGRAM": FAULTY, "GPT_FAULT": f"{kind} {rank} {step}"}
            job = self.start(setting, out, self.words(out), **more)
            met = self.wait_for_step(job, out, 0 if kind == "config" else step - 1) or kind in IN_THE_PROGRAM
            time.sleep(pause if kind not in IN_THE_PROGRAM else 0)
            began = time.monotonic()
            if met and self.inject(kind, rank):
                break
            job.wait(60)  # it was faster than the fault: once more
        wrong = []
        try:
            code = job.wait(self.time_limit + 20)
        except subprocess.TimeoutExpired:
            code = None
        seconds = time.monotonic() - began
        needs_lab, codes, pattern = KINDS[kind]
        if code is None:
            wrong.append("it hung")
        elif seconds > self.time_limit:
            wrong.append(f"it took {seconds:.1f} s")
        if code is not None and code not in codes:
            wrong.append(f"exit code {code}")
        if not re.search(pattern.format(rank=rank, host="b"), self.log(out)):
            wrong.append("the message does not name rank and cause")
        left = self.wait_until_none_is_left(max(0.5, began + self.time_limit - time.monotonic()))
        if left:
            wrong.append(f"{', '.join(map(name_of, left))} were left")
            self.end_all()
        if needs_lab:
            self.lab.heal("b")
        if wrong:
            wrong.append("it said: " + " / ".join(self.log(out).splitlines()[-4:]))
        complaint = self.resume(setting, out)
        verdict = "; ".join(wrong) or "in time"
        print(f"{number:3}  {kind:8} rank {rank}, step {step:3}, {setting.name:21} exit {code}, {seconds:4.1f} s, {verdict}; "
              f"resumed: {complaint or 'the same bits'}", flush=True)
        shutil.rmtree(self.folder / out, ignore_errors=True)
        return kind, seconds, wrong, not complaint

    def resume(self, setting, out):
        """Goes on with the run. Returns "" when it ends as an undisturbed one, else what was wrong."""
        words = ["--resume", "--out", out] if (self.folder / out / "config.json").exists() else self.words(out)
        again = f"{out}-again"
        try:
            code = self.start(setting, again, words).wait(120)
        except subprocess.TimeoutExpired:
            self.end_all()
            return "IT HUNG; it said: " + " / ".join(self.log(again).splitlines()[-4:])
        if code != 0:
            return f"IT FAILED with exit code {code}; it said: " + " / ".join(self.log(again).splitlines()[-4:])
        return "" if self.final(out) == self.reference(setting) else "OTHER BITS"


def name_of(process):
    try:
        return pathlib.Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return "a process"  # it has ended meanwhile


def table(results, kinds):
    lines = [f"{'fault':8}  {'count':>5}  {'in time':>7}  {'slowest (s)':>11}  {'resumed identically':>19}"]
    for kind in [*kinds, "all"]:
        of_kind = [result for result in results if kind in (result[0], "all")]
        if of_kind:
            lines.append(f"{kind:8}  {len(of_kind):5}  {sum(not wrong for _, _, wrong, _ in of_kind):7}  "
                         f"{max(seconds for _, seconds, _, _ in of_kind):11.1f}  {sum(same for *_, same in of_kind):19}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS), help="which of them, with commas (default: all)")
    parser.add_argument("--slack", type=float, default=0, help="seconds more that a job may take, on a busy machine")
    given = parser.parse_args()
    kinds = given.kinds.split(",")
    lab = without = None
    try:
        lab = Lab(2, rate="1gbit")
    except LabUnavailable as reason:
        without = f"left out, because this machine makes no lab of several hosts ({reason}): cut, drop"
        kinds = [kind for kind in kinds if not KINDS[kind][0]]
        if not kinds:
            print(f"SKIPPED: {without}")
            return SKIPPED
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gpt-campaign-"))
    campaign = Campaign(folder, given.seed, lab, given.slack)
    try:
        results = []
        for number in range(given.faults):
            kind = kinds[number % len(kinds)]
            turn = number // len(kinds)
            settings = [THERE] if KINDS[kind][0] else [HERE, HERE_4] + ([THERE] if lab and kind in SIGNALS else [])
            results.append(campaign.fault(number + 1, kind, settings[turn % len(settings)]))
    finally:
        campaign.end_all()
        if lab:
            lab.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{table(results, kinds)}")
    if without:
        print(without)
    return int(any(wrong or not same for _, _, wrong, same in results))


if __name__ == "__main__":
    sys.exit(main())
