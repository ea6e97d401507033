"""What ./book itself must do, tried with small programs in place of the trainer. Nothing is installed or built here."""

import os
import pty
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A rank that says it is ready, and that saves in its own time when it is asked to stop.
RANK = """\
trap 'echo asked; stop=1' USR1
echo "ready threads=$OMP_NUM_THREADS terminal=$GPT_TERMINAL in=$PWD"
while [ -z "$stop" ]; do sleep 0.02; done
sleep 2.5  # longer than mpirun lets its ranks live after Ctrl-C
echo saved
"""


def in_driver(commands):
    """A bash command line that runs `commands` with the driver's functions."""
    return ["bash", "-c", f"set -euo pipefail; root={ROOT}; say() {{ echo \"== $*\" >&2; }}; "
            "fail() { echo \"book: $*\" >&2; exit 2; }; "
            f"hosts=(); for part in packages build hosts ranks; do source {ROOT}/common/driver/$part.sh; done; {commands}"]


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=120, **options)


class Commands(unittest.TestCase):
    def test_an_unknown_command_is_answered_with_the_nearest(self):
        done = run([ROOT / "book", "tarin"])
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("did you mean train?", done.stderr)
        self.assertNotIn("did you mean", run([ROOT / "book", "photosynthesis"]).stderr)

    def test_chapters_are_listed_from_anywhere(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run([ROOT / "book", "chapter"], cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^01  \S")

    def test_mistakes_are_one_sentence(self):
        for arguments in (["chapter", "77"], ["chapter", "one"], ["train", "--ranks"]):
            done = run([ROOT / "book", *arguments])
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertRegex(done.stderr, r"^book: [^\n]+\n$")


class Tests(unittest.TestCase):
    def test_reasons_for_skipping_are_counted(self):
        case = '<testcase name="{}" time="0">{}<system-out>{}</system-out></testcase>'
        lines = [case.format("a passes", "", "\nmentions nothing\n"),
                 case.format("b", '\n<skipped message="77"/>\n', "\nx_test.cpp:26: Skipped\nno GPU here\n[  SKIPPED ] b\n"),
                 case.format("c", '\n<skipped message="77"/>\n', "\nx_test.cpp:29: Skipped\nno GPU here\n"),
                 case.format("d", '\n<skipped message="77"/>\n', "SKIPPED: no network namespaces\n"),
                 case.format("e", '\n<skipped message="77"/>\n', "\n")]
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as junit:
            junit.write("\n".join(lines) + "\n")
            junit.flush()
            done = run(["bash", "-c", f"source {ROOT}/common/driver/tests.sh; reasons_to_skip {junit.name}"])
        self.assertEqual(sorted(done.stdout.splitlines()),
                         ["     1 skipped: for a reason that only its log knows: e", "     1 skipped: no network namespaces",
                          "     2 skipped: no GPU here"], done.stderr)


class Packages(unittest.TestCase):
    def needs(self, items, **fakes):
        """Runs `need` where only these programs can be found, and the fakes: name=script."""
        with tempfile.TemporaryDirectory() as folder:
            for program in ("cmake", "g++", "awk", "sort", "head", "bash", "env", "cat", "grep", "tail", "mkdir"):
                os.symlink(shutil.which(program), Path(folder) / program)
            for name, script in fakes.items():
                fake = Path(folder) / name.replace("_", "-")
                fake.write_text("#!/usr/bin/env bash\n" + script)
                fake.chmod(0o755)
            commands = f"PATH={folder}; root={folder}; need {items}"
            return run(["bash", "-c", "exec 3>&1; " + in_driver(commands)[2]])

    def test_nothing_is_asked_of_apt_when_all_is_there(self):
        done = self.needs("cmake=cmake libxyz=stdio.h", apt_get="exit 1")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_without_apt_the_missing_packages_are_listed(self):
        done = self.needs("cmake=cmake libone=none/one.h two=no-such-program")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"^book: these are missing .*: libone two\n$")

    SUDO = 'exec "$@"'

    def test_missing_packages_are_installed_and_only_those(self):
        done = self.needs("cmake=cmake libone=none/one.h", apt_get='echo "$@" >&3', sudo=self.SUDO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "== installing libone\n")
        self.assertRegex(done.stdout, r"^-q .* update\n-q .* install -y --no-install-recommends libone\n$")

    def test_a_failed_installation_says_why_and_where(self):
        script = "case $* in *update) exit 1;; esac; echo chatter; echo 'E: Unable to locate package libone'; exit 100"
        done = self.needs("libone=none/one.h", apt_get=script, sudo=self.SUDO)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\nE: Unable to locate package libone\nbook: could not install libone; .*install.log\n$")
        done = self.needs("libone=none/one.h", apt_get="exit 1", sudo=self.SUDO)
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_versions_are_compared_as_numbers(self):
        done = run(in_driver("at_least 3.25 3.25.1; at_least 3.9 3.25; at_least 11 12.2.0; "
                             "! at_least 11 9.4 && ! at_least 3.25 3.22.1"))
        self.assertEqual(done.returncode, 0, done.stderr)


class Ranks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.rank = self.folder / "rank.sh"
        self.rank.write_text(RANK)

    def start(self, commands):
        return subprocess.Popen(in_driver(commands), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, cwd=self.folder, encoding="utf-8")

    def wait_until_ready(self, stream, ranks=2):
        said = ""
        while said.count("ready") < ranks:
            line = stream.readline()
            self.assertTrue(line, "ended before it was ready:\n" + said)
            said += line
        return said

    def test_signals_to_the_driver_let_the_ranks_save(self):
        jobs = {number: self.start(f"run_ranks 2 sh {self.rank}") for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        for number, job in jobs.items():
            self.wait_until_ready(job.stdout)
            job.send_signal(number)
        for number, job in jobs.items():
            rest, _ = job.communicate(timeout=60)
            self.assertEqual((rest.count("saved"), job.returncode), (2, 0), number)

    def test_a_wish_sent_twice_is_one_wish(self):
        job = self.start(f"run_ranks 2 sh {self.rank}")
        self.wait_until_ready(job.stdout)
        for _ in range(2):  # as `timeout` does: to the process, then to its group
            job.send_signal(signal.SIGINT)
        rest, _ = job.communicate(timeout=60)
        self.assertEqual((rest.count("asked"), rest.count("saved"), job.returncode), (2, 2, 0))

    def test_ranks_save_when_the_driver_is_killed(self):
        job = self.start(f"run_ranks 2 sh {self.rank}")
        self.wait_until_ready(job.stdout)
        job.kill()
        self.assertEqual(job.stdout.read().count("saved"), 2)
        job.communicate()

    def test_ctrl_c_on_a_terminal_lets_the_ranks_save(self):
        job, terminal = pty.fork()
        if job == 0:
            os.chdir(self.folder)
            os.execvp("bash", in_driver(f"stty cols 93; run_ranks 2 sh {self.rank}"))
        with open(terminal, encoding="utf-8", newline="") as stream:
            self.assertIn("terminal=93", self.wait_until_ready(stream))
            os.write(terminal, b"\x03")
            rest = ""
            try:
                while line := stream.readline():
                    rest += line
            except OSError:  # a terminal ends so
                pass
        _, status = os.waitpid(job, 0)
        self.assertEqual((rest.count("saved"), os.waitstatus_to_exitcode(status)), (2, 0), rest)

    def test_ranks_share_the_cores_and_run_in_the_callers_folder(self):
        self.rank.write_text('echo "threads=$OMP_NUM_THREADS terminal=$GPT_TERMINAL in=$PWD"\n')
        environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
        done = run(in_driver(f"run_ranks 2 sh {self.rank}; cores"), cwd=self.folder, env=environment)
        cores = int(done.stdout.split()[-1])
        line = f"threads={max(1, cores // 2)} terminal=0 in={self.folder}\n"
        self.assertEqual(done.stdout, f"{line}{line}{cores}\n", done.stderr)

    def test_a_mistake_is_one_sentence_with_exit_code_2(self):
        done = run(in_driver("run_ranks 2 sh -c '[ $OMPI_COMM_WORLD_RANK = 1 ] || echo no such file >&2; exit 2'"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", "no such file\n"))
        done = run(in_driver("run_ranks two true"))
        self.assertEqual((done.returncode, done.stderr), (2, "book: --ranks takes a number from 1 to 64, not two\n"))

    def test_a_killed_rank_is_told(self):
        done = run(in_driver("run_ranks 2 sh -c 'kill -9 $$'"))
        self.assertEqual(done.returncode, 137, done.stderr)
        self.assertRegex(done.stderr, r"^== .* was ended by signal 9, SIGKILL[^\n]*\n$")

    def test_elastic_ranks_run_under_the_launcher(self):
        self.rank.write_text('#!/bin/sh\necho "$@"; echo "$OMPI_MCA_pml $GPT_TERMINAL $OMP_NUM_THREADS"\n')
        self.rank.chmod(0o755)
        environment = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "OMPI_MCA_pml")}
        words = f"{self.rank} --elastic --min-ranks 2 --steps 5 --rejoin-after=0"
        done = run(in_driver(f"elastic_ranks 3 {words}"), env=environment)
        self.assertEqual(done.stdout, "launch -n 3 --min-ranks 2 --rejoin-after=0 -- train --steps 5\nob1 0 \n", done.stderr)
        done = run(in_driver(f"hosts=(localhost:1 localhost:2); elastic_ranks 3 {words}"), env=environment)
        self.assertIn("launch -n 3 --hosts localhost:1,localhost:2 --min-ranks 2", done.stdout, done.stderr)

    def test_hosts_take_so_many_ranks_each(self):
        def hosts(words, before=""):
            done = run(in_driver(f"ranks=2; {before} take_ranks {words} --steps 5; echo ${{hosts[*]}} = $ranks, ${{rest[*]}}"))
            return done.stdout.strip() or (done.returncode, done.stderr.strip())
        file = self.folder / "hosts"
        file.write_text("# two of them\na slots=3\nb\n")
        plain = self.folder / "plain"
        plain.write_text("a\nb\n")
        self.assertEqual(hosts("--hosts a:3,b"), "a:3 b:1 = 4, --steps 5")
        self.assertEqual(hosts(f"--hostfile {file}"), "a:3 b:1 = 4, --steps 5")
        self.assertEqual(hosts("--ranks-per-host 4 --hosts a,b"), "a:4 b:4 = 8, --steps 5")
        self.assertEqual(hosts(f"--hostfile={plain} --ranks-per-host=4"), "a:4 b:4 = 8, --steps 5")
        slurm = "SLURM_JOB_NODELIST=n; scontrol() { echo n1 n2; };"
        self.assertEqual(hosts("", slurm), "n1:1 n2:1 = 2, --steps 5")
        self.assertEqual(hosts("", f"SLURM_TASKS_PER_NODE='3(x2)' {slurm}"), "n1:3 n2:3 = 6, --steps 5")
        self.assertEqual(hosts("", f"SLURM_TASKS_PER_NODE=2,1 {slurm}"), "n1:2 n2:1 = 3, --steps 5")
        code, said = hosts("", f"SLURM_STEP_NUM_TASKS=4 {slurm}")
        self.assertEqual((code, said), (2, "book: srun has started this 4 times: start it once, by salloc or sbatch; it starts "
                                           "the ranks itself"))
        self.assertEqual(hosts("--ranks-per-host 8", slurm), "n1:8 n2:8 = 16, --steps 5")
        for words, reason in {"--hosts a:3,b --ranks-per-host 4": "a:3 says how many ranks run there",
                              f"--hostfile {file} --ranks-per-host 4": "a:3 says how many ranks run there",
                              "--ranks-per-host 4": "--ranks-per-host is for several hosts",
                              "--ranks-per-host four": "--ranks-per-host takes a number of ranks, not four",
                              f"--hosts a,b --hostfile {plain}": "both name hosts"}.items():
            code, said = hosts(words)
            self.assertEqual((code, said.count("\n")), (2, 0), said)
            self.assertIn(reason, said)

    def told(self, text):
        """What the driver says where mpirun says this."""
        return run(in_driver(f"tell_in_short <<'END'\n{text}\nEND"))

    def test_of_mpirun_only_the_cause_is_told(self):
        rule = "-" * 74
        killed = f"{rule}\nmpirun noticed that process rank 2 with PID 0 on node b exited on signal 9 (Killed).\n{rule}"
        lost = (f"{rule}\nORTE has lost communication with a remote daemon.\n\n  HNP daemon   : [[1,0],0] on node a\n"
                f"  Remote daemon: [[1,0],1] on node b\n\nThis is usually due to ...\n{rule}")
        code = f"{rule}\nPrimary job  terminated normally, but 1 process returned\na non-zero exit code.\n{rule}"
        self.assertEqual(self.told(f"{code}\n{killed}").stderr,
                         "== rank 2 on host b was ended by signal 9, SIGKILL (out of memory?)\n")
        self.assertEqual(self.told(lost).stderr, "== the connection to host b is lost; the job was ended\n")
        self.assertEqual(self.told(code).stderr, "")
        remarks = ("[a:00279] plm:rsh: Warning: setpgid(283,283) failed in parent with errno=Permission denied(13)\n"
                   "[a:00279] 1 more process has sent help message help-mpi.txt / x\nmpirun: Forwarding signal 10 to job")
        self.assertEqual(self.told(remarks).stdout, "")
        self.assertEqual(self.told(f"gpt: no such file\n{rule}\nunheard of\n{rule}\n---").stdout,
                         "gpt: no such file\nunheard of\n---\n")

    def test_without_home_and_network_ranks_run(self):
        environment = {name: value for name, value in os.environ.items() if name != "HOME"}
        done = run(["unshare", "-rn", *in_driver("run_ranks 2 echo here")], env=environment)
        if "unshare:" in done.stderr:
            self.skipTest("this machine gives no network namespaces: " + done.stderr)
        self.assertEqual((done.returncode, done.stdout), (0, "here\nhere\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
