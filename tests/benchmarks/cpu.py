#!/usr/bin/env python3
"""Prints how fast whole training steps are on the CPU: the trainer against PyTorch, where that is installed.

The two run in turns, several rounds of each, so that a drift of the clock or a neighbour on the machine meets
both. Needs only Python's standard library, and the trainer built (the release preset).
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Case:
    def __init__(self, preset, precision, steps, target):
        self.preset, self.precision, self.steps = preset, precision, steps
        self.target = target  # our tokens per second over PyTorch's
        self.ours, self.theirs = [], []  # what each round measured

    def name(self):
        return f"{self.preset} {self.precision}"

    def options(self):
        return ["--preset", self.preset, "--precision", self.precision, "--steps", str(self.steps)]

    def ratios(self):
        """Round by round, ours over PyTorch's."""
        return [a["tokens_per_second"] / b["tokens_per_second"] for a, b in zip(self.ours, self.theirs)]


CASES = [
    Case("shakespeare-char", "f32", steps=60, target=1.5),
    Case("small", "f32", steps=6, target=1.35),
    Case("small", "bf16", steps=8, target=2.0),
]


def run(command, environment):
    """Runs a program that ends its output with one JSON object, and returns the object. Exits if it fails."""
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def find_pytorch(wanted):
    """The first Python that can import torch, or None."""
    candidates = [wanted] if wanted else [sys.executable, shutil.which("python3"), "/usr/bin/python3"]
    for python in dict.fromkeys(filter(None, candidates)):
        if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0:
            return python
    return None


def fastest_environment(python, threads):
    """PyTorch's matrix products come from whatever BLAS it finds: try what is there, keep the fastest.

    Debian's PyTorch takes the system's default BLAS, which may be the slow reference one; an OpenBLAS older
    than the processor takes it for a Haswell, without AVX-512.
    """
    choices = {"as installed": {}}
    openblas = next(pathlib.Path("/usr/lib").glob("*/openblas-openmp"), None)
    if openblas:
        folders = [str(openblas), os.environ.get("LD_LIBRARY_PATH")]
        choices["OpenBLAS"] = {"LD_LIBRARY_PATH": ":".join(filter(None, folders))}
        if "avx512f" in pathlib.Path("/proc/cpuinfo").read_text():
            choices["OpenBLAS, AVX-512"] = {**choices["OpenBLAS"], "OPENBLAS_CORETYPE": "SkylakeX"}
    if len(choices) == 1:
        return "as installed", {}
    speeds = {name: [] for name in choices}
    probe = [python, HERE / "pytorch_step.py", "--steps", "20", "--threads", threads["OMP_NUM_THREADS"]]
    for _ in range(2):
        for name, choice in choices.items():
            speeds[name].append(run(probe, {**threads, **choice})["tokens_per_second"])
    best = max(speeds, key=lambda name: max(speeds[name]))
    return best, choices[best]


def table(cases, with_pytorch):
    """Rows of cells, the heading first."""
    heading = ["tokens/s", "ours"]
    if with_pytorch:
        heading += ["PyTorch", "ratio", "best", "target"]
    heading += ["peak MB ours"] + (["PyTorch"] if with_pytorch else [])
    rows = [heading]
    for case in cases:

        def speeds(runs):
            return [x["tokens_per_second"] for x in runs]

        def memory(runs):
            return f"{max(x['peak_rss_mb'] for x in runs):,.0f}"

        row = [case.name(), f"{statistics.median(speeds(case.ours)):,.0f}"]
        if with_pytorch:
            ratios = case.ratios()
            row.append(f"{statistics.median(speeds(case.theirs)):,.0f}")
            row.append(f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})")
            row.append(f"{max(speeds(case.ours)) / max(speeds(case.theirs)):.2f}")
            row.append(f"{case.target:.2f}")
        row.append(memory(case.ours))
        if with_pytorch:
            row.append(memory(case.theirs))
        rows.append(row)
    return rows


def print_table(rows, markdown):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for index, row in enumerate(rows):
        cells = [
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells))
        if markdown and index == 0:
            print("|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", help="only the cases whose name contains this text, e.g. 'small bf16'")
    parser.add_argument(
        "--gpt", type=pathlib.Path, default=ROOT / "build/release/bin/gpt", help="the trainer"
    )
    parser.add_argument("--python", help="the Python that has PyTorch")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()

    if not arguments.gpt.exists():
        sys.exit(f"{arguments.gpt} is missing: build the release preset first")
    cases = [case for case in CASES if (arguments.only or "") in case.name()]
    if not cases:
        sys.exit(f"no case has '{arguments.only}' in its name: {', '.join(case.name() for case in CASES)}")
    threads = {"OMP_NUM_THREADS": str(arguments.threads), "OMP_PROC_BIND": "true"}

    def measure_ours(case):
        case.ours.append(run([arguments.gpt, "bench", *case.options(), "--json"], threads))

    def measure_theirs(case):
        command = [python, HERE / "pytorch_step.py", *case.options(), "--threads", str(arguments.threads)]
        case.theirs.append(run(command, {**threads, **environment}))

    python = find_pytorch(arguments.python)
    if python:
        blas, environment = fastest_environment(python, threads)
    for number in range(arguments.rounds):
        for case in cases:
            turns = [measure_theirs, measure_ours] if python else [measure_ours]
            for measure in turns if number % 2 == 0 else reversed(turns):  # neither is always the first
                measure(case)
            print(f"round {number + 1} of {arguments.rounds}: {case.name()}", file=sys.stderr)

    print_table(table(cases, bool(python)), arguments.markdown)
    rounds = f"threads: {arguments.threads}; median of {arguments.rounds} rounds taken in turns"
    print(f"\nWhole training steps; {rounds}.")
    if python:
        print(
            "ratio: the median of the rounds' ratios, and their range; best: the fastest rounds compared."
        )
        print(f"PyTorch {cases[0].theirs[0]['version']}, matrix products: {blas}.")
    else:
        print("Left out: PyTorch is not installed (Debian: python3-torch), so there is no comparison.")
    if os.getloadavg()[0] > arguments.threads + 1:
        print("The machine was busy with other work: these figures are too low.")


if __name__ == "__main__":
    main()
