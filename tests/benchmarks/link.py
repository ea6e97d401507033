#!/usr/bin/env python3
"""What compressing gradients saves over a slow link: steps, and bytes counted three times.

    python3 tests/benchmarks/link.py                      four hosts with links of 100 Mbit/s, in about two minutes
    python3 tests/benchmarks/link.py --rate 20mbit --methods none int8
    python3 tests/benchmarks/link.py --python /usr/bin/python3 --methods none fp16 powersgd:4

Each host of the lab (tests/lab) has one rank of one thread. The bytes are those that the first rank sends in a step: by
the trainer's own counter, by that of its host's interface (ip -s link), and by that of the interface's shaper (tc -s qdisc),
where the bytes of a short run are taken from those of a longer one, so that what a start takes is not counted. The shaper
counts frames as a cable would carry them, 1,514 bytes at the most; the virtual interface takes 64 KB for one, with headers
once. Either way the bytes less 66 for each frame (Ethernet 14, IPv4 20, TCP 20, its timestamps 12) are what the programs
send: the payload.
Needs the trainer built (the release preset) and the right to make namespaces. --python names a Python that has PyTorch:
then its DistributedDataParallel takes turns with ours, over gloo and with its own hooks where it has them, on the same
links.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/lab"))
from lab import NETWORK, Lab, LabUnavailable  # noqa: E402

HEADERS = 66         # bytes of a frame
LARGEST = 1514 - 66  # bytes of payload in a frame
METHODS = ["none", "bf16", "int8", "sign", "topk:0.01", "powersgd:4"]
OPEN_MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_pml": "ob1", "OMP_NUM_THREADS": "1", "OMPI_MCA_btl": "self,tcp",
            "OMPI_MCA_btl_tcp_if_include": NETWORK.format(0) + "/24", "OMPI_MCA_oob_tcp_if_include": NETWORK.format(0) + "/24"}


class Counts(NamedTuple):
    """What an interface has sent."""
    wire: float
    frames: float

    @property
    def payload(self):
        return self.wire - HEADERS * self.frames

    def since(self, before, times=1):
        return Counts(*((now - then) / times for now, then in zip(self, before)))


class Ranks:
    """Ranks on all hosts of a lab, one each."""

    def __init__(self, lab, gpt):
        self.lab, self.gpt = lab, gpt

    def said(self, *words):
        """What a command of iproute2 says of the first rank's interface."""
        return json.loads(self.lab.run(self.lab.hosts[0], words, capture_output=True, text=True, check=True).stdout)[0]

    def sent(self):
        """What the first rank's host has sent so far."""
        shaper = self.said("tc", "-s", "-j", "qdisc", "show", "dev", "eth0")
        return Counts(shaper["bytes"], shaper["packets"])

    def sent_by_interface(self):
        sent = self.said("ip", "-s", "-j", "link", "show", "eth0")["stats64"]["tx"]
        return Counts(sent["bytes"], sent["packets"])

    def bench(self, steps, words):
        """What `gpt bench` says, and what the host sent meanwhile, by shaper and interface."""
        hosts = self.lab.hosts
        before = self.sent(), self.sent_by_interface()
        command = ["mpirun", "-q", "-np", len(hosts), "--host", ",".join(f"{host}:1" for host in hosts), self.gpt, "bench",
                   "--preset", "shakespeare-char", "--threads", 1, "--steps", steps, "--json", "--compress-warmup", 1,
                   "--all-reduce", "ring", "--bucket-mb", 1, *words]
        done = self.lab.run(hosts[0], list(map(str, command)), env={**os.environ, **OPEN_MPI}, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr.strip()}")
        return json.loads(done.stdout.strip().splitlines()[-1]), self.sent().since(before[0]), self.sent_by_interface().since(before[1])

    def pytorch(self, python, steps, method):
        """Milliseconds of a step of PyTorch; nothing where it has no such method."""
        if method not in ("none", "fp16") and not method.startswith("powersgd:"):
            return None
        hosts = self.lab.hosts
        command = [python, "-B", HERE / "pytorch_ddp.py", "--steps", steps, "--compress", method]
        world = {"WORLD_SIZE": str(len(hosts)), "MASTER_ADDR": hosts[0], "MASTER_PORT": "29500", "GLOO_SOCKET_IFNAME": "eth0",
                 "OMP_NUM_THREADS": "1"}
        ranks = [self.lab.popen(host, list(map(str, command)), env={**os.environ, **world, "RANK": str(rank)},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for rank, host in enumerate(hosts)]
        answers = [rank.communicate() for rank in ranks]
        if any(rank.returncode for rank in ranks):
            sys.exit(f"PyTorch failed with {method}:\n{answers[0][1].strip()}")
        return json.loads(answers[0][0])["step_ms"]

    def measure(self, steps, words):
        """Milliseconds of a step, and what is sent in one: bytes by the trainer's counter, Counts of shaper and interface."""
        _, *few = self.bench(2, words)
        many, *more = self.bench(2 + steps, words)
        return many["step_ms"], many["wire_bytes"], *(after.since(before, steps) for before, after in zip(few, more))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", default="100mbit", help="of each link, as tc writes it")
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--methods", nargs="+", default=METHODS, help="as --compress takes them; the first is the measure")
    parser.add_argument("--steps", type=int, default=8, help="timed in each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", help="one that has PyTorch, to be measured beside")
    parser.add_argument("--gpt", default=ROOT / "build/release/bin/gpt")
    options = parser.parse_args()
    results, theirs = {method: [] for method in options.methods}, {method: [] for method in options.methods}
    with Lab(options.hosts, rate=options.rate) as lab:
        ranks = Ranks(lab, options.gpt)
        for number in range(options.rounds):
            for method in options.methods:
                print(f"\rround {number + 1} of {options.rounds}, {method:<12}", end="", file=sys.stderr, flush=True)
                results[method].append(ranks.measure(options.steps, ["--compress", method]))
                if options.python:
                    theirs[method].append(ranks.pytorch(options.python, options.steps, method))
    print("\r" + " " * 40, end="\r", file=sys.stderr)
    print(f"{options.hosts} hosts with links of {options.rate}, preset shakespeare-char: medians of {options.rounds} rounds\n")
    print(f"{'--compress':<12} {'step ms':>8} {'faster':>7} {'KB sent':>9} {'payload':>8} {'interface':>10} {'shaper':>9} {'KB':>8} {'frames':>7}"
          + (f"   {'PyTorch ms':>10}" if options.python else ""))
    first = statistics.median(ms for ms, *_ in results[options.methods[0]])
    for method, rounds in results.items():
        ms, counted, payload, wire, frames, interface = (statistics.median(values) for values in zip(
            *((ms, counted, sent.payload, *sent, by_interface.wire) for ms, counted, sent, by_interface in rounds)))
        print(f"{method:<12} {ms:8.1f} {first / ms:7.2f} {counted / 1e3:9.1f} {payload / counted - 1:+8.1%}"
              f" {interface / counted - 1:+10.1%} {wire / counted - 1:+9.1%} {wire / 1e3:8.1f} {frames:7.0f}"
              + (f"   {statistics.median(theirs[method]):10.1f}" if theirs[method] and theirs[method][0] else ""))
    print(f"\n  load of the machine: {os.getloadavg()[0]:.1f} (other programs spoil the times)")


if __name__ == "__main__":
    try:
        main()
    except LabUnavailable as reason:
        sys.exit(f"this machine makes no lab of several hosts: {reason}")
