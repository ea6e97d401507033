#!/usr/bin/env python3
"""Measures how well data-parallel training hides its communication, and how well two ranks share the work.

    python3 tests/benchmarks/overlap.py                  both tables, in about three minutes on a quiet machine
    python3 tests/benchmarks/overlap.py --only overlap   over a link of 1 Gbit/s, in the lab of tests/lab
    python3 tests/benchmarks/overlap.py --only scaling   two ranks of one thread on this machine, against one

The configurations run in turns, several rounds of each, and medians are shown: a drift of the clock or a
neighbour on the machine meets all. Needs two processors, Python's standard library, the trainer built (the
release preset), and for the lab the right to make namespaces.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests/lab"), str(ROOT / "tests/end_to_end")]
from lab import NETWORK, Lab, LabUnavailable  # noqa: E402
from timeline import Timeline  # noqa: E402

GPT = ROOT / "build/release/bin/gpt"
WARMUP = 3  # steps that `gpt bench` does not count
# The preset `small`: the parameters that become ready when the backward pass ends are the two tables.
WIDTH, VOCABULARY, CONTEXT = 384, 256, 256
OPEN_MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_pml": "ob1", "OMP_NUM_THREADS": "1"}
SHARED_MEMORY = {"OMPI_MCA_btl": "self,vader", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
NETWORKED = {"OMPI_MCA_btl": "self,tcp", "OMPI_MCA_btl_tcp_if_include": NETWORK.format(0) + "/24",
             "OMPI_MCA_oob_tcp_if_include": NETWORK.format(0) + "/24"}


def bench(run, environment, ranks, steps, *words, hosts=None):
    """One `gpt bench`, and the timeline of its steps."""
    with tempfile.TemporaryDirectory(prefix="gpt-overlap-") as folder:
        file = pathlib.Path(folder) / "timeline.json"
        command = ["mpirun", "-q", "-np", ranks, *(["--host", hosts] if hosts else []), GPT, "bench", "--preset", "small",
                   "--threads", 1, "--steps", steps, "--json", "--timeline", file,
                   "--timeline-steps", f"{WARMUP + 1}:{WARMUP + steps}", *words]
        done = run(list(map(str, command)), env={**os.environ, **OPEN_MPI, **environment}, capture_output=True, text=True,
                   stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr.strip()}")
        return json.loads(done.stdout.strip().splitlines()[-1]), Timeline(file.read_text())


class Steps:
    """What the timed steps of several runs took, in milliseconds, as rank 0 saw them."""

    def __init__(self):
        self.step, self.backward, self.total, self.hidden, self.tail = [], [], [], [], []

    def add(self, timeline):
        for step, whole in timeline.steps(0).items():
            buckets = timeline.buckets(0, step)
            self.step.append((whole.end - whole.start) / 1e3)
            backward = timeline.backward(0, step)
            self.backward.append((backward.end - backward.start) / 1e3)
            total, hidden = timeline.hidden(0, step)
            self.total.append(total)
            self.hidden.append(hidden)
            self.tail.append(sum(bucket.end - bucket.start for bucket in last_buckets(buckets)) / 1e3)


def last_buckets(buckets):
    """Those that hold a piece of the tables, and can leave only when the backward pass is over."""
    tables, found = 4 * WIDTH * (VOCABULARY + CONTEXT), []
    for bucket in reversed(buckets):
        if tables <= 0:
            break
        found.append(bucket)
        tables -= bucket.numbers["bytes"]
    return found


def measure_overlap(rounds, steps, rate):
    on, off = Steps(), Steps()
    with Lab(hosts=2, rate=rate) as lab:
        for number in range(rounds):
            for choice, result in (("off", off), ("on", on)):
                print(f"\roverlap {choice}, round {number + 1} of {rounds} ", end="", file=sys.stderr, flush=True)
                result.add(bench(lambda command, **options: lab.run("a", command, **options), NETWORKED, 2, steps,
                                 "--overlap", choice, hosts="a:1,b:1")[1])
    print("\r" + " " * 40, end="\r", file=sys.stderr)
    median = statistics.median
    communication, tail = median(off.total), median(off.tail)
    compute = median(step - total for step, total in zip(off.step, off.total))
    bound = max(compute, communication) + tail
    possible = median(on.total) - median(on.tail)
    hidden = median(on.hidden) / possible
    print(f"two ranks of one thread over {rate}, preset small: medians of {len(on.step)} steps each, in ms\n")
    print(f"  sums after backward     step {median(off.step):7.0f}   compute {compute:6.0f}   communication {communication:6.0f}"
          f"   of it the tables' {tail:.0f}")
    print(f"  sums during backward    step {median(on.step):7.0f}   backward {median(on.backward):5.0f}   communication {median(on.total):6.0f}"
          f"   of it hidden {median(on.hidden):.0f}")
    print(f"  a perfect overlap       step {bound:7.0f}   max(compute, communication) + what cannot overlap\n")
    verdict("hidden, of what could be", hidden, 0.60, hidden >= 0.60, "at least")
    limit = 1.1 * max(compute, communication) + tail
    verdict("step over 1.1 x max(compute, communication) + tail", median(on.step) / limit, 1.0, median(on.step) <= limit, "at most")


def measure_scaling(rounds, steps):
    def run(command, **options):
        return subprocess.run(command, **options)

    # Each of two ranks has half of the batch. What half a batch costs a rank that is alone, no communication can win back.
    cases = {"one rank, batch 12": (1, 12), "one rank, batch 6": (1, 6), "two ranks, batch 12": (2, 12), "two ranks, batch 24": (2, 24)}
    speeds = {name: [] for name in cases}
    for number in range(rounds):
        for name, (ranks, batch) in cases.items():
            print(f"\r{name}, round {number + 1} of {rounds} ", end="", file=sys.stderr, flush=True)
            speeds[name].append(bench(run, SHARED_MEMORY, ranks, steps, "--batch", batch)[0]["tokens_per_second"])
    print("\r" + " " * 40, end="\r", file=sys.stderr)
    print(f"ranks of one thread on one machine, preset small: tokens a second, medians of {rounds} rounds\n")
    for name in cases:
        print(f"  {name:<22} {statistics.median(speeds[name]):8.0f}")
    print()

    def ratio(name, base, times):
        return statistics.median(many / one / times for one, many in zip(speeds[base], speeds[name]))

    for name in ("two ranks, batch 12", "two ranks, batch 24"):
        share = ratio(name, "one rank, batch 12", 2)
        verdict(f"{name}, over twice one rank with 12", share, 0.97, share >= 0.97, "at least")
    print("  of which, for batch 12:")
    line("  half a batch over a whole one, one rank", ratio("one rank, batch 6", "one rank, batch 12", 1))
    line("  two ranks over twice one with half a batch", ratio("two ranks, batch 12", "one rank, batch 6", 2))


def line(what, value, more=""):
    print(f"  {what:<52} {value:.3f}{more}")


def verdict(what, value, target, holds, side):
    line(what, value, f"   target: {side} {target:.2f}{'' if holds else '   NOT REACHED'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("overlap", "scaling"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="timed in each run")
    parser.add_argument("--rate", default="1gbit", help="of the link, as tc writes it")
    given = parser.parse_args()
    if not GPT.exists():
        sys.exit(f"{GPT} is not there: ./book bench builds it")
    if given.only != "scaling":
        try:
            measure_overlap(given.rounds, given.steps, given.rate)
        except LabUnavailable as reason:
            print(f"SKIPPED the overlap over a link: this machine makes no lab: {reason}")
        print()
    if given.only != "overlap":
        measure_scaling(given.rounds, given.steps)
    print(f"\n  load of the machine: {os.getloadavg()[0]:.1f} (other programs spoil every figure above)")


if __name__ == "__main__":
    main()
