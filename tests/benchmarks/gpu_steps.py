#!/usr/bin/env python3
"""The steps of gpu.sh after the build, each under a time limit; then the table. Started by gpu.sh.

Needs only Python's standard library.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import gpu_table

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NO_GPU = 77
REFERENCES = ["one_layer", "three_heads", "three_layers", "long_context"]
BATCH = 32  # sequences of 1024 tokens
GPT2 = ["--preset", "gpt2", "--device", "cuda", "--batch", str(BATCH), "--micro-batch", str(BATCH)]


class Failed(Exception):
    """A step that did not succeed; the message says why, in a few words."""


class NoGpu(Failed):
    """The trainer's own sentence about the GPU that is not there."""


class Run:
    """What was done and measured so far, written to gpu.json after each step."""

    def __init__(self, out, build, seconds, go_on=False):
        self.out, self.build = out, build
        self.end = time.monotonic() + seconds
        self.results = {
            "date": datetime.date.today().isoformat(),
            "commit": capture(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]),
            "driver": capture(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]),
            "steps": [],
        }
        self.log = None
        self.done = {}  # by an earlier call, with the same sources
        before = self.out / "gpu.json"
        if go_on and before.exists():
            earlier = json.loads(before.read_text(encoding="utf-8"))
            if earlier["commit"] == self.results["commit"]:
                self.done = {step["name"]: step for step in earlier["steps"] if step["state"] == "passed"}
                self.results = {**earlier, "steps": []}

    def program(self, name):
        path = self.build / "bin" / name
        if not path.exists():
            raise Failed(f"{name} was not built")
        return str(path)

    def save(self):
        """The figures, the table, and the page: after each step, for the next one may be the last."""
        path = self.out / "gpu.json"
        path.write_text(json.dumps(self.results, indent=1) + "\n", encoding="utf-8")
        (self.out / "gpu.txt").write_text(gpu_table.text(self.results), encoding="utf-8")
        page = gpu_table.filled((ROOT / "docs/gpu.md").read_text(encoding="utf-8"), self.results)
        (self.out / "gpu.md").write_text(page, encoding="utf-8")

    def record(self, name, state, seconds, note=""):
        self.results["steps"].append({"name": name, "state": state, "seconds": round(seconds), "note": note})
        self.save()
        print(f"== {name}: {state}, {seconds:.0f} s{'; ' if note else ''}{note}", flush=True)

    def step(self, name, limit, action):
        """Runs action(limit in seconds), which returns a note or raises; returns "passed", "failed" or "none"."""
        if name in self.done:
            self.results["steps"].append(self.done[name])
            self.save()
            return "passed"
        start = time.monotonic()
        limit = min(limit, self.end - start)
        state, note = "passed", ""
        with open(self.out / f"{re.sub('[^a-z0-9]+', '_', name.lower())}.log", "w", encoding="utf-8") as self.log:
            try:
                if limit < 1:
                    raise Failed("no time was left")
                note = action(limit) or ""
            except Failed as problem:
                state, note = "none" if isinstance(problem, NoGpu) else "failed", str(problem)
            except (OSError, ValueError, LookupError) as problem:  # a program missing, an answer that is none
                state, note = "failed", f"{type(problem).__name__}: {problem}"
        self.record(name, state, time.monotonic() - start, note)
        if state == "failed":
            print("\n".join(self.tail(pathlib.Path(self.log.name))), flush=True)
        return state

    @staticmethod
    def tail(path, lines=12):
        return ["   | " + line for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]]

    def call(self, command, limit, **options):
        """The standard output of a command; its output also goes to the log. Raises Failed."""
        code, output, errors = call(command, limit, **options)
        self.log.write(f"$ {' '.join(map(str, command))}\n{output}{errors}[{code}]\n")
        self.log.flush()
        if code is None:
            raise Failed(f"{pathlib.Path(command[0]).name} took longer than {limit:.0f} s")
        if code != 0:
            words = (errors.strip() or output.strip() or "no word of why").splitlines()[-1]
            raise Failed(f"{pathlib.Path(command[0]).name} ended with {code}: {words[:160]}")
        return output


def call(command, limit, **options):
    """(exit code or None, stdout, stderr) of a command that gets `limit` seconds, and the libraries of a pack."""
    if "GPU_LIBRARIES" in os.environ:
        options.setdefault("env", {**os.environ, "LD_LIBRARY_PATH": os.environ["GPU_LIBRARIES"]})
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, errors="replace", start_new_session=True, **options)
    try:
        output, errors = process.communicate(timeout=limit)
        return process.returncode, output, errors
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return None, *process.communicate()


def capture(command):
    """What a command prints, or nothing."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def last_json(output):
    """The object on the last line of a program's output."""
    return json.loads(output.strip().splitlines()[-1])


def find_gpu(run, limit):
    """The trainer itself is asked: it says in one sentence why it cannot use a GPU."""
    small = ["--preset", "small", "--batch", "1", "--context", "2", "--steps", "1", "--json"]
    command = [run.program("gpt"), "bench", "--device", "cuda", *small]
    code, output, errors = call(command, limit)
    run.log.write(f"{output}{errors}[{code}]\n")
    if code == 2 and errors.strip():  # a mistake of the person at the keyboard: one sentence
        raise NoGpu(errors.strip().splitlines()[-1])
    if code != 0:
        why = "took too long" if code is None else f"ended with {code}"
        raise Failed(f"gpt bench --device cuda {why}")


def test_programs(run):
    programs = sorted(p for p in run.build.rglob("test_*_cuda") if p.is_file() and os.access(p, os.X_OK))
    if not programs:
        raise Failed("no test of kernels on a GPU was built")
    return programs


def run_tests(run, limit):
    """Every test program whole, some at a time; they share the GPU."""
    passed = skipped = 0
    broken = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = {p: pool.submit(call, [str(p), "--gtest_color=no"], limit) for p in test_programs(run)}
        for program, job in jobs.items():
            code, output, errors = job.result()
            run.log.write(f"=== {program.name}\n{output}{errors}[{code}]\n")
            passed += count("PASSED", output)
            skipped += count("SKIPPED", output)
            if code != 0:
                broken.append(f"{program.name} ({'time' if code is None else count('FAILED', output)})")
    note = f"{passed} tests of {len(jobs)} programs passed, {skipped} skipped"
    if broken:
        raise Failed(f"{note}; failed: {', '.join(broken)}")
    return note


def count(word, output):
    found = re.search(rf"\[  {word}\s*\] (\d+) test", output)
    return int(found[1]) if found else 0


def check_references(run, limit):
    """Logits, gradients and ten steps of AdamW as PyTorch computed them, in double precision.

    In bf16 each operation alone is within 2e-2 (test_08_gpu_training_oracle_cuda). Through a whole model the roundings of
    all activations add up: on a CPU, too, some gradients are 2.3e-2 away, on the SIMT machine 2.8e-2.
    """
    end = time.monotonic() + limit
    for name in REFERENCES:
        for precision, tolerance in [("f32", "1e-4"), ("bf16", "4e-2")]:
            run.call([run.program("gpt"), "check", "--reference", str(ROOT / f"tests/oracle/{name}.safetensors"),
                      "--device", "cuda", "--precision", precision, "--tolerance", tolerance], end - time.monotonic())
    return f"{len(REFERENCES)} models in f32 within 1e-4 and in bf16 within 4e-2 of PyTorch's gradients"


def compare_training(run, limit):
    output = run.call([run.program("08_gpu_training"), "--device", "cuda"], limit)
    if "NOT within" in output:
        raise Failed("the losses on the GPU are not those on the CPU")
    return "the same losses on GPU and CPU"


def measure_graph(run, limit):
    """Passes captured in a CUDA graph against passes order by order: of a model that the host holds up, and of one that it
    does not."""
    end = time.monotonic() + limit
    for name, words in [("small", ["--preset", "small", "--device", "cuda"]), ("GPT-2 124M", GPT2)]:
        speeds = {}
        for choice in ["off", "on"]:
            output = run.call([run.program("gpt"), "bench", *words, "--precision", "bf16", "--steps", "20", "--json",
                               "--cuda-graph", choice], end - time.monotonic())
            speeds[choice] = last_json(output)["tokens_per_second"]
        run.results.setdefault("graph", {})[name] = speeds
    return ", ".join(f"{name} {s['on'] / s['off']:.2f} times" for name, s in run.results["graph"].items())


def measure_trainer(run, limit):
    """Two rounds, before and after PyTorch's: the clock of a warm GPU is lower."""
    result = last_json(run.call([run.program("gpt"), "bench", *GPT2, "--precision", "bf16", "--steps", "20", "--json"], limit))
    run.results.setdefault("trainer", []).append(result)
    return f"{result['tokens_per_second']:,.0f} tokens/s"


def measure_kernels(run, limit):
    path = run.out / "kernels.json"
    path.unlink(missing_ok=True)
    try:
        run.call([run.program("07_cuda_kernels"), "--json", str(path)], limit)
    finally:
        if path.exists():  # what was measured until then
            run.results["kernels"] = json.loads(path.read_text(encoding="utf-8"))
    wrong = gpu_table.wrong_rungs(run.results["kernels"])
    if wrong:
        raise Failed(f"wrong: {', '.join(wrong)}")
    return f"{len(run.results['kernels']['ladders'])} ladders"


def mpirun(ranks, *command):
    return ["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", str(ranks), *map(str, command)]


def check_nccl(run, limit):
    """The contract of chapter 09 over NCCL; where ranks share a GPU, as hosts of their own (NCCL_HOSTID)."""
    end = time.monotonic() + limit
    for ranks in (1, 2, 3, 4):
        run.call(mpirun(ranks, run.program("test_12_nccl_mpi_cuda")), end - time.monotonic())
    return "1, 2, 3 and 4 ranks"


def check_compression(run, limit):
    """Codes made on the GPU: the bits of the CPU's, over NCCL and by way of the host (chapter 13)."""
    end = time.monotonic() + limit
    for ranks in (2, 3):
        run.call(mpirun(ranks, run.program("test_13_compression_mpi_cuda")), end - time.monotonic())
    return "2 and 3 ranks"


def measure_nccl(run, limit):
    gpus = capture(["nvidia-smi", "-L"]).count("GPU ")
    if gpus < 2:
        return "left out: one GPU has no other to talk to"
    path = run.out / "nccl.json"
    run.call(mpirun(gpus, run.program("12_nccl"), "--only", "bandwidth", "--device", "cuda", "--json", path), limit)
    run.results["nccl"] = json.loads(path.read_text(encoding="utf-8"))
    return f"{gpus} ranks"


def find_pytorch(wanted):
    """The first Python whose PyTorch is new enough and sees a GPU, or None."""
    probe = "import torch.nn.attention as _, torch, sys; sys.exit(not torch.cuda.is_available())"
    candidates = [wanted] if wanted else [sys.executable, shutil.which("python3"), "/usr/bin/python3"]
    for python in dict.fromkeys(filter(None, candidates)):
        if call([python, "-c", probe], 60, env=dict(os.environ))[0] == 0:
            return python
    return None


def measure_pytorch(run, python, mode):
    def measure(limit):
        command = [python, str(HERE / "gpu_pytorch.py"), "--mode", mode, "--batch", str(BATCH)]
        result = last_json(run.call(command, limit, env=dict(os.environ)))
        run.results.setdefault("pytorch", {})[mode] = result
        return f"{result['tokens_per_second']:,.0f} tokens/s, PyTorch {result['version']}"

    return measure


def check_memory(run, limit):
    """compute-sanitizer over the test programs, several at a time. One that takes too long is named, not counted."""
    sanitizer = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if not sanitizer:
        return "left out: there is no compute-sanitizer"
    end = time.monotonic() + limit

    def check(tool, program):
        left = end - time.monotonic()
        if left < 3:
            return None, "", ""
        return call([sanitizer, "--tool", tool, "--error-exitcode", "86", str(program)], left)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        jobs = {(tool, p): pool.submit(check, tool, p) for tool in ("memcheck", "racecheck", "synccheck")
                for p in test_programs(run)}
        clean, late, found = 0, 0, []
        for (tool, program), job in jobs.items():
            code, output, errors = job.result()
            run.log.write(f"=== {tool} {program.name}\n{output[-4000:]}{errors[-2000:]}[{code}]\n")
            clean += code == 0
            late += code is None
            if code not in (0, None):
                found.append(f"{tool} {program.name}")
    note = f"{clean} runs of memcheck, racecheck and synccheck clean" + (f", {late} not finished in time" if late else "")
    if found:
        raise Failed(f"{note}; errors: {', '.join(found)}")
    return note


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="for all steps together")
    parser.add_argument("--python", help="the Python that has PyTorch")
    parser.add_argument("--build-state", default="skipped")
    parser.add_argument("--build-seconds", type=float, default=0)
    parser.add_argument("--go-on", action="store_true", help="do only what --out does not hold as passed")
    arguments = parser.parse_args()
    run = Run(arguments.out, pathlib.Path(os.environ.get("BOOK_BUILD", ROOT / "build/release")), arguments.seconds,
              arguments.go_on)
    broken = arguments.build_state == "failed"
    why = run.tail(run.out / "build.log", 1)[0].lstrip(" |=") if broken else ""
    run.record("build", arguments.build_state, arguments.build_seconds, why)
    states = [arguments.build_state, run.step("a GPU", 30, lambda limit: find_gpu(run, limit))]
    if states[-1] == "passed":
        python = find_pytorch(arguments.python)
        steps = [
            ("tests of kernels and backend", 75, lambda limit: run_tests(run, limit)),
            ("PyTorch's gradients", 40, lambda limit: check_references(run, limit)),
            ("the same training on GPU and CPU", 60, lambda limit: compare_training(run, limit)),
            ("GPT-2, first round", 40, lambda limit: measure_trainer(run, limit)),
            ("kernels", 150, lambda limit: measure_kernels(run, limit)),
            ("PyTorch, eager", 45, measure_pytorch(run, python, "eager")),
            ("PyTorch, torch.compile", 90, measure_pytorch(run, python, "compile")),
            ("GPT-2, second round", 40, lambda limit: measure_trainer(run, limit)),
            ("CUDA graph", 60, lambda limit: measure_graph(run, limit)),
            ("NCCL between ranks", 60, lambda limit: check_nccl(run, limit)),
            ("compression over NCCL", 40, lambda limit: check_compression(run, limit)),
            ("NCCL bandwidth", 60, lambda limit: measure_nccl(run, limit)),
            ("compute-sanitizer", 120, lambda limit: check_memory(run, limit)),
        ]
        if not python:
            steps = [s for s in steps if not s[0].startswith("PyTorch,")]
            run.record("PyTorch", "left out", 0, "no Python with a PyTorch that sees the GPU")
        states += [run.step(*step) for step in steps]
    run.save()
    print(f"\n{gpu_table.text(run.results)}", end="")
    if "failed" in states:
        sys.exit(1)
    sys.exit(NO_GPU if "none" in states else 0)


if __name__ == "__main__":
    main()
