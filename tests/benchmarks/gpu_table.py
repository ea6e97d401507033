#!/usr/bin/env python3
"""The table of what gpu.sh measured, for a terminal and for docs/gpu.md.

    gpu_table.py RESULTS/gpu.json                     print the table
    gpu_table.py RESULTS/gpu.json --docs docs/gpu.md  write it into the page, in place of what stands there
    gpu_table.py --docs docs/gpu.md                   write the empty table into the page: not measured
"""

import argparse
import json
import pathlib
from dataclasses import dataclass

BEGIN, END = "<!-- gpu.sh: begin -->", "<!-- gpu.sh: end -->"
GPT2_FLOPS = 6 * (12 * 12 * 768**2 + 50257 * 768) + 12 * 12 * 1024 * 768  # a token, forward and backward
TOKENS = 32 * 1024  # a step
# Of NVIDIA's data sheets, dense: bytes/s, bf16 FLOP/s and f32 FLOP/s of the SXM versions.
GPUS = {"H100": (3.35e12, 989e12, 67e12), "H200": (4.8e12, 989e12, 67e12)}
# What of that a plain copy and a large product are expected to reach.
COPY, PRODUCT = 0.9, 0.8


@dataclass(frozen=True)
class Kernel:
    """A ladder of chapter 07's program, and what its best rung is asked to reach."""

    task: str
    type: str  # the end of the ladder's problem
    size: str  # of its real problem, for the page
    asked: float  # share of a copy's bandwidth, or of the library's speed; 0: nothing
    bytes: float = 0
    flops: float = 0

    def name(self):
        return self.task if self.type == "elements" else f"{self.task} {self.type}"


MIB64 = 2**26
ATTENTION = 2 * 64 * 8 * 12 * 1024 * 1025 / 2  # one product of 8 · 12 heads of 64 with all 1024 positions, the future left out
KERNELS = [
    Kernel("gelu_forward", "f32", "2²⁶", 0.85, bytes=8 * MIB64),
    Kernel("gelu_forward", "bf16", "2²⁶", 0.85, bytes=4 * MIB64),
    Kernel("add", "f32", "2²⁶", 0.85, bytes=12 * MIB64),
    Kernel("sum_of_squares", "f32", "2²⁶", 0.85, bytes=4 * MIB64),
    Kernel("softmax_forward", "f32", "65536 × 1024", 0.85, bytes=8 * 65536 * 1024),
    Kernel("layernorm_forward", "f32", "65536 × 768", 0.85, bytes=8 * 65536 * 768),
    Kernel("layernorm_backward", "f32", "65536 × 768", 0.85, bytes=12 * 65536 * 768),
    Kernel("embedding_backward", "f32", "16 × 1024 × 768", 0, bytes=4 * 768 * (18 * 1024 + 2 * 9497)),
    Kernel("cross_entropy_forward", "bf16", "2048 × 50257", 0.85, bytes=2 * 2048 * 50257),
    Kernel("cross_entropy_backward", "bf16", "2048 × 50257", 0.85, bytes=6 * 2048 * 50257),
    Kernel("adamw", "bf16 copy", "2²⁶", 0.85, bytes=30 * MIB64),
    Kernel("dropout_forward", "f32", "2²⁶", 0.85, bytes=8 * MIB64),
    Kernel("pack_fp16", "elements", "2²⁶", 0.85, bytes=6 * MIB64),
    Kernel("pack_int8", "elements", "2²⁶", 0.85, bytes=(5 + 4 / 256) * MIB64),
    Kernel("pack_signs", "elements", "2²⁶", 0.85, bytes=(4.125 + 4 / 1024) * MIB64),
    Kernel("select_largest", "elements", "2²⁶", 0, bytes=4.04 * MIB64),
    Kernel("thin_product", "4 rows", "8192 × 8192", 0, bytes=4 * MIB64),
    Kernel("thin_product_across", "4 rows", "8192 × 8192", 0, bytes=4 * MIB64),
    Kernel("linear_forward", "f32", "8192 × 4096 × 4096", 0.85, flops=2 * 8192 * 4096**2),
    Kernel("linear_forward", "bf16", "8192 × 4096 × 4096", 0.55, flops=2 * 8192 * 4096**2),
    Kernel("attention_forward", "bf16", "8 × 1024, 12 heads", 0, flops=2 * ATTENTION),
    Kernel("attention_backward", "bf16", "8 × 1024, 12 heads", 0, flops=5 * ATTENTION),
]


def ladder_of(kernel, results):
    """The ladder that measured it, or None."""
    for ladder in results.get("kernels", {}).get("ladders", []):
        if ladder["task"] == kernel.task and ladder["problem"].endswith(kernel.type):
            return ladder
    return None


def wrong_rungs(kernels):
    return [f"{ladder['task']} {rung['name']}" for ladder in kernels["ladders"] for rung in ladder["rungs"]
            if not rung["right"]]


def speed(ladder, ms):
    """FLOP/s or bytes/s."""
    return (ladder["flops"] or ladder["bytes"]) / ms * 1e3


def best_rung(ladder):
    return min(ladder["rungs"], key=lambda rung: rung["ms"])


def units(value, by_flops):
    return f"{value / 1e12:,.1f} TFLOP/s" if by_flops else f"{value / 1e9:,.0f} GB/s"


def verdict(share, asked):
    if not asked:
        return "–"
    return "yes" if share >= asked else "NO"


def kernel_cells(name, asked, ladder):
    """what, measured, compared with, share, asked, reached"""
    wanted = f"{asked:.0%}" if asked else "–"
    if ladder is None:
        return [name, "not measured", "", "", wanted, ""]
    rung = best_rung(ladder)
    by_flops = bool(ladder["flops"])
    mine = speed(ladder, rung["ms"])
    cells = [f"{name}: {rung['name']}", units(mine, by_flops)]
    if by_flops and "library_ms" not in ladder:
        return [*cells, "", "", "–", "–"]
    ceiling = speed(ladder, ladder["library_ms"]) if by_flops else 1e9 * ladder["copy_gb_per_s"]
    share = mine / ceiling
    reached = verdict(share, asked) if rung["right"] else "WRONG"
    against = f"{'cuBLASLt' if by_flops else 'copy'} {units(ceiling, by_flops)}"
    return [*cells, against, f"{share:.0%}", wanted, reached]


def matmul_ceiling(results):
    """The fastest bf16 product that was measured, by a library, in FLOP/s; 0 if none was."""
    speeds = [speed(ladder, ladder["library_ms"]) for ladder in results.get("kernels", {}).get("ladders", [])
              if ladder["flops"] and "library_ms" in ladder and ladder["problem"].endswith("bf16")]
    speeds += [1e12 * p["matmul_tflops"] for p in results.get("pytorch", {}).values() if "matmul_tflops" in p]
    return max(speeds, default=0)


def trainer_rows(results):
    rounds = [r["tokens_per_second"] for r in results.get("trainer", [])]
    torch = {mode: p["tokens_per_second"] for mode, p in results.get("pytorch", {}).items()}
    mine = sum(rounds) / len(rounds) if rounds else 0
    rows = []
    name = "GPT-2 124M, bf16"
    for mode, asked in [("compile", 1.0), ("eager", 0)]:
        other = {"compile": "torch.compile", "eager": "PyTorch eager"}[mode]
        wanted = f"{asked:.0%}" if asked else "–"
        if not mine:
            rows.append([name, "not measured", other, "", wanted, ""])
        elif mode not in torch:
            rows.append([name, f"{mine:,.0f} tokens/s", f"{other}: not measured", "", wanted, ""])
        else:
            share = mine / torch[mode]
            rows.append([name, f"{mine:,.0f} tokens/s", f"{other} {torch[mode]:,.0f}", f"{share:.0%}", wanted,
                         verdict(share, asked)])
    ceiling = matmul_ceiling(results)
    for who, tokens, asked in [("", mine, 0.4), (", torch.compile", torch.get("compile", 0), 0)]:
        wanted = f"{asked:.0%}" if asked else "–"
        if tokens and ceiling:
            share = tokens * GPT2_FLOPS / ceiling
            rows.append([f"model FLOPs{who}", units(tokens * GPT2_FLOPS, True), f"product {units(ceiling, True)}",
                         f"{share:.0%}", wanted, verdict(share, asked)])
        elif asked:
            rows.append([f"model FLOPs{who}", "not measured", "product", "", wanted, ""])
    return rows


def graph_rows(results):
    rows = []
    for model in ["small", "GPT-2 124M"]:
        name = f"CUDA graph: {model}, bf16"
        speeds = results.get("graph", {}).get(model)
        rows.append([name, f"{speeds['on']:,.0f} tokens/s", f"without {speeds['off']:,.0f}", f"{speeds['on'] / speeds['off']:.0%}",
                     "–", "–"] if speeds else [name, "not measured", "", "", "–", ""])
    return rows


NCCL = ["all-reduce", "reduce-scatter", "all-gather", "broadcast"]


def nccl_rows(results):
    """Of each collective the largest size, by bus bandwidth. On one GPU there is no link."""
    rows = []
    measured = results.get("nccl", {})
    for collective in NCCL:
        sizes = [row for row in measured.get("rows", []) if row["collective"] == collective]
        if sizes:
            largest = max(sizes, key=lambda row: row["bytes"])
            rows.append([f"NCCL {collective}: {measured['ranks']} ranks, {largest['bytes'] / 2**20:.0f} MiB",
                         units(largest["bus_bytes_per_second"], False), "", "", "–", "–"])
        else:
            rows.append([f"NCCL {collective}", "not measured", "", "", "–", ""])
    return rows


def measured_rows(results):
    rows = []
    shown = []
    for kernel in KERNELS:
        ladder = ladder_of(kernel, results)
        if ladder:
            shown.append(ladder)
        rows.append(kernel_cells(kernel.name(), kernel.asked, ladder))
    for ladder in results.get("kernels", {}).get("ladders", []):
        if ladder not in shown:
            rows.append(kernel_cells(f"{ladder['task']} {ladder['problem'].split(', ')[-1]}", 0, ladder))
    return rows + nccl_rows(results) + graph_rows(results) + trainer_rows(results)


HEADING = ["what", "measured", "compared with", "share", "asked", "reached"]


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def headline(results):
    kernels = results.get("kernels", {})
    gpu = kernels.get("gpu") or next((p["gpu"] for p in results.get("pytorch", {}).values()), "no GPU")
    parts = [results["date"], gpu]
    parts += [f"driver {results['driver']}"] if results.get("driver") else []
    parts += [kernels["versions"]] if "versions" in kernels else []
    parts += [f"PyTorch {p['version']}" for p in list(results.get("pytorch", {}).values())[:1]]
    parts += [f"commit {results['commit']}"] if results.get("commit") else []
    return ", ".join(parts)


def text(results):
    """For a terminal: the steps, then what was measured. Never wider than it must be."""
    steps = [[s["name"], s["state"], f"{s['seconds']} s", s["note"]] for s in results["steps"]]
    lines = [headline(results), ""] + aligned([["step", "result", "time", ""], *steps])
    if "kernels" in results or "trainer" in results or "pytorch" in results:
        lines += ["", *aligned([HEADING, *measured_rows(results)])]
    return "\n".join(lines) + "\n"


def markdown_table(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def expected(kernel):
    """The least time on each GPU, in ms: bytes over a copy's bandwidth, operations over what products reach."""
    times = []
    for bandwidth, bf16, f32 in GPUS.values():
        if kernel.flops:
            times.append(kernel.flops / (PRODUCT * (bf16 if kernel.type == "bf16" else f32)))
        else:
            times.append(kernel.bytes / (COPY * bandwidth))
    return [f"{1e3 * t:.3f}" for t in times]


def page_block(results):
    """What stands between the markers of docs/gpu.md."""
    if results and ("kernels" in results or "trainer" in results):
        lines = [f"Measured: {headline(results)}.", "", *markdown_table([HEADING, *measured_rows(results)]), ""]
        steps = [[s["name"], s["state"], s["note"]] for s in results["steps"]]
        return lines + markdown_table([["step", "result", "what it said"], *steps])
    rows = [["what", "size", *(f"at best on an {gpu}, ms" for gpu in GPUS), "asked", "measured"]]
    for kernel in KERNELS:
        share = f"{kernel.asked:.0%} of {'cuBLASLt' if kernel.flops else 'a copy'}" if kernel.asked else "–"
        rows.append([kernel.name(), kernel.size, *expected(kernel), share, "not measured"])
    none = ["–"] * len(GPUS)
    rows.append(["NCCL: the contract of chapter 09", "1 to 4 ranks", *none, "passes", "not measured"])
    rows += [[f"NCCL {collective}", "1 GiB, bus bandwidth", *none, "–", "not measured"] for collective in NCCL]
    step = [f"{1e3 * TOKENS * GPT2_FLOPS / (PRODUCT * bf16):.0f}" for _, bf16, _ in GPUS.values()]
    rows.append(["GPT-2 124M, bf16, a step", "32 × 1024 tokens", *step, "40% of a large product", "not measured"])
    rows.append(["the same", "tokens a second", *["–"] * len(GPUS), "100% of torch.compile", "not measured"])
    return markdown_table(rows)


def filled(page, results):
    """The page with the table between its markers."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n" + "\n".join(page_block(results)) + f"\n{END}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=pathlib.Path)
    parser.add_argument("--docs", type=pathlib.Path)
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text(encoding="utf-8")) if arguments.results else None
    if arguments.docs:
        arguments.docs.write_text(filled(arguments.docs.read_text(encoding="utf-8"), results), encoding="utf-8")
    elif results:
        print(text(results), end="")
    else:
        parser.error("give a file of results, or --docs, or both")


if __name__ == "__main__":
    main()
