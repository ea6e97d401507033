"""gpu.sh without a GPU and without a build: small programs stand in for the trainer and the tests, and say what those say."""

import copy
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import gpu_table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MISSING = "gpt: --device cuda needs a GPU, and there is no NVIDIA driver on this machine"

LADDER = {"task": "softmax_forward", "problem": "65536 × 1024, f32", "bytes": 536870912.0, "flops": 0.0,
          "copy_gb_per_s": 3000.0, "rungs": [{"name": "thread a row", "right": True, "ms": 2.0},
                                             {"name": "registers", "right": True, "ms": 0.19}]}
PRODUCT = {"task": "linear_forward", "problem": "8192 × 4096 × 4096, bf16", "bytes": 1e8, "flops": 2.75e11,
           "copy_gb_per_s": 3000.0, "library_ms": 0.36, "rungs": [{"name": "tensor cores", "right": True, "ms": 0.72}]}
RESULTS = {
    "date": "2030-01-02", "commit": "abc1234", "driver": "580.1",
    "steps": [{"name": "build", "state": "passed", "seconds": 140, "note": ""}],
    "kernels": {"gpu": "NVIDIA H100", "versions": "CUDA 13.0, driver up to 13.0", "ladders": [LADDER, PRODUCT]},
    "trainer": [{"tokens_per_second": 400000.0}, {"tokens_per_second": 380000.0}],
    "pytorch": {"eager": {"tokens_per_second": 260000.0, "gpu": "NVIDIA H100", "version": "2.11", "matmul_tflops": 700},
                "compile": {"tokens_per_second": 400000.0, "gpu": "NVIDIA H100", "version": "2.11"}},
}


def cells(results, start):
    """The columns of the first row whose name begins with `start`."""
    return next(row for row in gpu_table.measured_rows(results) if row[0].startswith(start))


class Table(unittest.TestCase):
    def test_a_kernel_is_judged_by_its_best_rung_against_the_copy(self):
        self.assertEqual(cells(RESULTS, "softmax_forward"),
                         ["softmax_forward f32: registers", "2,826 GB/s", "copy 3,000 GB/s", "94%", "85%", "yes"])
        slow = copy.deepcopy(RESULTS)
        slow["kernels"]["ladders"][0]["rungs"][1]["ms"] = 0.3
        self.assertEqual(cells(slow, "softmax_forward")[-1], "NO")

    def test_a_product_is_judged_against_the_library(self):
        row = cells(RESULTS, "linear_forward bf16")
        self.assertEqual((row[0], row[3], row[-1]), ("linear_forward bf16: tensor cores", "50%", "NO"))

    def test_every_row_is_a_ladder_of_chapter_07(self):
        sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "chapters/07_cuda_kernels").glob("*_ladders.cpp"))
        for kernel in gpu_table.KERNELS:
            self.assertIn(f'"{kernel.task}"', sources)

    def test_a_wrong_result_is_never_a_good_one(self):
        wrong = copy.deepcopy(RESULTS)
        wrong["kernels"]["ladders"][0]["rungs"][1]["right"] = False
        self.assertEqual(cells(wrong, "softmax_forward")[-1], "WRONG")
        self.assertEqual(gpu_table.wrong_rungs(wrong["kernels"]), ["softmax_forward registers"])

    def test_tokens_are_compared_with_pytorch_and_the_fastest_product(self):
        self.assertEqual(cells(RESULTS, "GPT-2")[1:], ["390,000 tokens/s", "torch.compile 400,000", "98%", "100%", "NO"])
        # 390,000 · 854.4 MFLOP = 333 TFLOP/s, of the 764 that the library reached above; PyTorch's 700 are less.
        self.assertEqual(cells(RESULTS, "model FLOPs")[1:],
                         ["333.2 TFLOP/s", "product 763.9 TFLOP/s", "44%", "40%", "yes"])

    def test_what_is_not_there_is_not_measured(self):
        bare = {key: RESULTS[key] for key in ("date", "steps", "kernels")}
        self.assertEqual(cells(bare, "gelu_forward bf16")[1], "not measured")
        self.assertEqual(cells(bare, "GPT-2")[1], "not measured")
        self.assertIn("NVIDIA H100", gpu_table.text(bare))

    def test_lines_of_the_text_align(self):
        lines = gpu_table.text(RESULTS).splitlines()
        heading = next(line for line in lines if line.startswith("what"))
        row = next(line for line in lines if line.startswith("softmax_forward"))
        self.assertEqual(heading.index("measured"), row.index("2,826"))


class Page(unittest.TestCase):
    def setUp(self):
        self.page = (ROOT / "docs/gpu.md").read_text(encoding="utf-8")

    def test_the_page_is_the_empty_table_or_a_measured_one(self):
        block = self.page.split(gpu_table.BEGIN)[1].split(gpu_table.END)[0]
        if "Measured: " not in block:
            self.assertEqual(self.page, gpu_table.filled(self.page, None), "run gpu_table.py --docs docs/gpu.md")

    def test_results_replace_what_stands_there_and_nothing_else(self):
        once = gpu_table.filled(self.page, RESULTS)
        self.assertEqual(gpu_table.filled(once, RESULTS), once)
        self.assertEqual(gpu_table.filled(once, None), gpu_table.filled(self.page, None))
        self.assertIn("| softmax_forward f32: registers | 2,826 GB/s |", once)
        self.assertIn("2030-01-02, NVIDIA H100", once)


class Script(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.out = self.folder / "out"
        self.path = f"{self.folder / 'path'}:/usr/bin:/bin"  # programs put here come first

    def program(self, name, script):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/usr/bin/env bash\n" + script)
        path.chmod(0o755)

    def run_script(self, *words):
        words = words or ("--no-build",)
        return subprocess.run([HERE / "gpu.sh", *words, "--python", "false", "--out", self.out], stdin=subprocess.DEVNULL,
                              capture_output=True, encoding="utf-8", timeout=120,
                              env={**os.environ, "BOOK_BUILD": str(self.folder), "PATH": self.path})

    def steps(self):
        results = json.loads((self.out / "gpu.json").read_text(encoding="utf-8"))
        return {step["name"]: step for step in results["steps"]}

    def test_without_a_gpu_it_ends_with_one_sentence_and_77(self):
        self.program("bin/gpt", f"echo '{MISSING}' >&2; exit 2")
        done = self.run_script()
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn(MISSING, self.steps()["a GPU"]["note"])
        self.assertEqual(list(self.steps()), ["build", "a GPU"])
        self.assertIn("not measured", (self.out / "gpu.md").read_text(encoding="utf-8"))

    def test_without_a_build_it_says_so(self):
        done = self.run_script()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.steps()["a GPU"]["note"], "gpt was not built")

    def test_a_failed_step_is_shown_and_the_others_run(self):
        self.program("bin/gpt", """case "$*" in *bench*) echo '{"tokens_per_second": 123456.0}';; *check*) exit 0;; esac""")
        self.program("bin/08_gpu_training", "echo 'The losses in f32 are NOT within 0.0001 of each other'")
        self.program("bin/07_cuda_kernels", f"echo '{json.dumps(RESULTS['kernels'])}' >$2")
        self.program("bin/test_good_cuda", "echo '[  PASSED  ] 7 tests.'")
        self.program("bin/test_bad_cuda", "echo '[  PASSED  ] 2 tests.'; echo '[  FAILED  ] 1 test, listed below:'; exit 1")
        self.program("path/compute-sanitizer", "exit 0")
        done = self.run_script()
        steps = self.steps()
        self.assertEqual(done.returncode, 1, done.stderr)
        tests = steps["tests of kernels and backend"]
        self.assertEqual((tests["state"], "9 tests of 2 programs passed" in tests["note"]), ("failed", True), tests)
        self.assertIn("test_bad_cuda (1)", tests["note"])
        self.assertEqual(steps["the same training on GPU and CPU"]["state"], "failed")
        for name in ("PyTorch's gradients", "GPT-2, first round", "GPT-2, second round", "kernels", "compute-sanitizer"):
            self.assertEqual(steps[name]["state"], "passed", steps[name])
        self.assertIn("123,456 tokens/s", done.stdout)
        self.assertRegex(done.stdout.splitlines()[-1], "^model FLOPs")  # the table is the last that is said

    def test_what_is_done_is_not_done_again(self):
        self.program("bin/gpt", f"""case "$*" in
            *check*) [[ -e {self.folder}/mended ]];;
            *) echo >>{self.folder}/calls; echo '{{"tokens_per_second": 123456.0}}';;
        esac""")
        self.assertEqual(self.run_script().returncode, 1)
        calls = (self.folder / "calls").read_text()
        self.assertEqual(self.steps()["PyTorch's gradients"]["state"], "failed")
        (self.folder / "mended").touch()
        done = self.run_script("--no-build", "--go-on")
        self.assertEqual((self.folder / "calls").read_text(), calls, "measured again")
        self.assertEqual(self.steps()["PyTorch's gradients"]["state"], "passed")
        self.assertIn("123,456 tokens/s", done.stdout)

    def test_a_pack_is_run_without_a_build(self):
        self.program("built/bin/gpt", f"""echo "$LD_LIBRARY_PATH" >{self.folder}/libraries; echo '{MISSING}' >&2; exit 2""")
        packed = subprocess.run([HERE / "gpu_pack.sh", "--from", self.folder / "built", "--out", self.folder / "pack"],
                                capture_output=True, encoding="utf-8", timeout=120)
        self.assertEqual(packed.returncode, 0, packed.stderr)
        libraries = {path.name for path in (self.folder / "pack/lib").iterdir()}
        self.assertTrue(any(name.startswith("libmpi.so") for name in libraries), libraries)
        self.assertFalse(any(name.startswith("libc.so") for name in libraries), libraries)
        self.assertGreater((self.folder / "pack.tgz").stat().st_size, 100_000)
        done = self.run_script("--pack", self.folder / "pack")
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertTrue((self.folder / "libraries").read_text().startswith(f"{self.folder / 'pack'}/lib:"))
        mpi = subprocess.run([self.folder / "pack/usr/bin/mpirun", "-np", "2", "true"], capture_output=True, encoding="utf-8",
                             timeout=60, env={**os.environ, "OPAL_PREFIX": str(self.folder / "pack/usr"),
                                              "LD_LIBRARY_PATH": str(self.folder / "pack/lib"), "OMPI_ALLOW_RUN_AS_ROOT": "1",
                                              "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"})
        self.assertEqual(mpi.returncode, 0, mpi.stderr)

    def test_a_step_that_hangs_is_ended(self):
        self.program("bin/gpt", "sleep 1000")
        done = subprocess.run([sys.executable, "-B", HERE / "gpu_steps.py", "--out", self.folder, "--seconds", "3"],
                              capture_output=True, encoding="utf-8", timeout=60,
                              env={**os.environ, "BOOK_BUILD": str(self.folder)})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("gpt bench --device cuda took too long", done.stdout)

    def test_mistakes_are_one_sentence(self):
        for options in (["--fast"], ["--minutes", "soon"], ["--out"], ["--pack", "/nowhere"]):
            done = subprocess.run([HERE / "gpu.sh", *options], capture_output=True, encoding="utf-8", timeout=60)
            self.assertEqual(done.returncode, 2, options)
            self.assertRegex(done.stderr, r"^gpu\.sh: [^\n]+\n$")


if __name__ == "__main__":
    unittest.main()
