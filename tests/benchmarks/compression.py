#!/usr/bin/env python3
"""What compressing gradients costs in quality: the same training with each method, by several seeds.

    python3 tests/benchmarks/compression.py --data tinyshakespeare.txt     about half an hour on two quiet cores

Preset shakespeare-char, 2,000 steps, four ranks of one thread; --model changes the model, as in
--model "--layers 2 --width 64 --heads 2 --context 32". The bytes are those that each rank sends in a step,
by the trainer's own counter: the mean over the second half of the run, since they may differ from step to step, and
top-k begins with more. The loss is that of the validation split after the last step. Needs the trainer built (the
release preset) and Open MPI.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GPT = ROOT / "build/release/bin/gpt"
METHODS = ["none", "bf16", "int8", "sign", "topk:0.01", "powersgd:4", "powersgd:16"]
OPEN_MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "self,vader",
            "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMP_NUM_THREADS": "1"}


def train(options, method, seed):
    """Bytes that a rank sent in a step of the second half, and the last validation loss."""
    with tempfile.TemporaryDirectory(prefix="gpt-compression-") as folder:
        command = ["mpirun", "-q", "-np", options.ranks, GPT, "train", "--preset", "shakespeare-char", "--data", options.data,
                   "--out", f"{folder}/run", "--threads", 1, "--steps", options.steps, "--seed", seed, "--compress", method,
                   "--compress-warmup", options.warmup, "--eval-every", options.steps, "--checkpoint-every", options.steps,
                   "--sample-length", 0, *options.model.split()]
        done = subprocess.run(list(map(str, command)), env={**os.environ, **OPEN_MPI}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr.strip()}")
        lines = [json.loads(line) for line in pathlib.Path(folder, "run/metrics.jsonl").read_text().splitlines()]
        return statistics.mean(line["wire_bytes"] for line in lines[len(lines) // 2:]), lines[-1]["val_loss"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--methods", nargs="+", default=METHODS, help="as --compress takes them; the first is the measure")
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--warmup", type=int, default=400, help="steps with whole gradients, where a method wants them")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--model", default="", help="more options of gpt train, in one word")
    options = parser.parse_args()
    losses, sent = {method: [] for method in options.methods}, {}
    for seed in range(1, options.seeds + 1):
        for method in options.methods:
            print(f"\rseed {seed}, {method:<12}", end="", file=sys.stderr, flush=True)
            sent[method], loss = train(options, method, seed)
            losses[method].append(loss)
    print("\r" + " " * 40, end="\r", file=sys.stderr)
    measure = options.methods[0]
    print(f"{options.ranks} ranks, {options.steps} steps, {options.warmup} of them a warm-up where there is one\n")
    print(f"{'--compress':<12} {'KB a step':>10} {'fewer':>6}   {'loss':>6} {'more':>7}   of each seed")
    for method in options.methods:
        mean = statistics.mean(losses[method])
        print(f"{method:<12} {sent[method] / 1e3:10.1f} {sent[measure] / sent[method]:6.1f}   {mean:6.3f} "
              f"{mean / statistics.mean(losses[measure]) - 1:+7.1%}   {' '.join(f'{loss:.3f}' for loss in losses[method])}")


if __name__ == "__main__":
    main()
