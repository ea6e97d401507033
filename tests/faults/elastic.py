#!/usr/bin/env python3
"""Trainings that lose ranks again and again, and go on by themselves: ./book train --elastic under SIGKILL.

    python3 tests/faults/elastic.py --kills 20 --within 20

Each run has 4 ranks, of which a random one is killed at a random moment, several times in one run. The runs are of two
kinds, in turn:

    same      a killed rank is replaced at once (--rejoin-after 0), and the sums are those of --reproducible: the run must end
              with the parameters of an undisturbed one, bit for bit;
    elastic   the job goes on with the ranks that are left, and takes one back in after a checkpoint: the run must end with a
              validation loss within 1% of the undisturbed one's.

After every kill the job must do a new step; the time until then is printed, and checked only with --within SECONDS. In the
end no process may be left. Exit code 0 when all went as it must, else 1. --seed repeats ranks and steps of the kills.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from campaign import Campaign, Setting

TOLERANCE = 0.01  # of the validation loss, relative
PATIENCE = 200    # seconds until a job that does nothing is called dead
KINDS = {"same": ["--rejoin-after", "0", "--reproducible"], "elastic": []}
SETTING = Setting("4 elastic ranks", 4, ("--elastic", "--ranks", "4"))


class Elastic(Campaign):
    def lines(self, out, name):
        try:
            whole = (self.folder / out / name).read_text().split("\n")[:-1]
            return [json.loads(line) for line in whole if line]
        except OSError:
            return []

    def step(self, out):
        lines = self.lines(out, "metrics.jsonl")
        return lines[-1]["step"] if lines else 0

    def starts(self, out):
        return [event for event in self.lines(out, "launch.jsonl") if event["event"] == "start"]

    def val_loss(self, out):
        return [line["val_loss"] for line in self.lines(out, "metrics.jsonl") if "val_loss" in line][-1]

    def wait_for(self, job, reached):
        """False when the job ended before."""
        deadline = time.monotonic() + PATIENCE
        while not reached():
            if job.poll() is not None:
                return reached()
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.01)
        return True

    def undisturbed_run(self, kind):
        out = f"undisturbed-{kind}"
        if not (self.folder / out).exists():
            if self.start(SETTING, out, self.words(out) + KINDS[kind]).wait(600) != 0:
                sys.exit(f"the undisturbed run failed:\n{self.log(out)}")
        return out

    def has_gone_on(self, out, starts):
        """Has a job that began after so many starts done a step?"""
        later = self.starts(out)[starts:]
        metrics = self.folder / out / "metrics.jsonl"
        return bool(later) and metrics.exists() and metrics.stat().st_mtime > later[-1]["time"] and \
            self.step(out) > later[-1]["step"]

    def kill_one(self, job, out, kills_left):
        """Kills a rank in one of the next steps. Returns the seconds until the run went on; None when it was done before."""
        now, last = self.step(out), self.training["steps"]
        step = self.random.randint(now + 1, max(now + 1, now + (last - now) // (kills_left + 1)))
        number, starts, process = self.random.randrange(12), [], None  # 12: every rank of 2, 3 or 4 is as likely
        while process is None or len(self.starts(out)) > len(starts):  # whom to kill is known before the moment comes
            starts = self.starts(out)
            process = self.process_of(number % starts[-1]["ranks"]) if starts else None
            if not self.wait_for(job, lambda: self.step(out) >= (step if process else now + 1)):
                return None
        began = time.monotonic()
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            return None  # it has just ended
        if not self.wait_for(job, lambda: self.has_gone_on(out, len(starts))):
            return None if job.returncode == 0 else float("inf")  # it was done already
        return time.monotonic() - began

    def disturbed_run(self, number, kind, kills):
        """Returns the times until the run went on, and what was wrong."""
        undisturbed, out = self.undisturbed_run(kind), f"run-{number}"
        job = self.start(SETTING, out, self.words(out) + KINDS[kind])
        times, wrong = [], []
        try:
            while len(times) < kills and (seconds := self.kill_one(job, out, kills - len(times))) is not None:
                times.append(seconds)
            code = job.wait(PATIENCE)
            if code != 0:
                wrong.append(f"exit code {code}")
        except (TimeoutError, subprocess.TimeoutExpired):
            wrong.append("it hung")
            self.end_all()
        if left := self.wait_until_none_is_left(10):
            wrong.append(f"{len(left)} processes were left")
            self.end_all()
        if not wrong:
            wrong += self.compare(kind, out, undisturbed)
        sizes = [start["ranks"] for start in self.starts(out)]
        print(f"run {number:2}, {kind:7}: {len(times)} kills, on again after {', '.join(f'{t:.1f}' for t in times)} s; "
              f"ranks {' → '.join(map(str, sizes))}; {'; '.join(wrong) or self.verdict(kind, out, undisturbed)}", flush=True)
        if wrong:
            print("  it said: " + "\n           ".join(self.log(out).splitlines()[-12:]), flush=True)
        shutil.rmtree(self.folder / out, ignore_errors=True)
        return times, wrong

    def compare(self, kind, out, undisturbed):
        if kind == "same":
            return [] if self.final(out) == self.final(undisturbed) else ["OTHER BITS"]
        mine, other = self.val_loss(out), self.val_loss(undisturbed)
        return [] if abs(mine - other) <= TOLERANCE * other else [f"validation loss {mine:.4f} and not {other:.4f}"]

    def verdict(self, kind, out, undisturbed):
        if kind == "same":
            return "the same bits"
        mine, other = self.val_loss(out), self.val_loss(undisturbed)
        return f"validation loss {mine:.5f}, undisturbed {other:.5f} ({abs(mine - other) / other:.2%} off)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--per-run", type=int, default=4, help="kills in one run (default: 4)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="same, elastic (default: both, in turn)")
    parser.add_argument("--steps", type=int, default=400, help="steps of a run (default: 400)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--within", type=float, default=float("inf"), help="seconds in which a job must go on, checked")
    given = parser.parse_args()
    kinds = given.kinds.split(",")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gpt-elastic-"))
    campaign = Elastic(folder, given.seed, lab=None, slack=0)
    campaign.training.update({"steps": given.steps, "collective-timeout": 60})  # mpirun sees at once that a rank is gone
    times, failures = [], 0
    try:
        for number in range(1, 2 * given.kills + 5):  # a run may be done before all its kills: never for ever
            kills = min(given.per_run, given.kills - len(times))
            if kills == 0:
                break
            more, wrong = campaign.disturbed_run(number, kinds[(number - 1) % len(kinds)], kills)
            times += more
            failures += bool(wrong)
    finally:
        campaign.end_all()
        shutil.rmtree(folder, ignore_errors=True)
    late = sum(seconds > given.within for seconds in times)
    print(f"\n{len(times)} kills: on again after {min(times):.1f} to {max(times):.1f} s, median {statistics.median(times):.1f} s; "
          f"{failures} runs ended otherwise than they should" + (f"; {late} too late" if late else ""))
    return int(failures > 0 or late > 0 or len(times) < given.kills)


if __name__ == "__main__":
    sys.exit(main())
