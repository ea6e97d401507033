"""gpt launch: a job that loses ranks goes on with those that are left. Here mpirun is a script that plays its part: it says
what mpirun says and ends as mpirun ends, so every ending is tried in a moment. tests/faults/elastic.py kills real ranks."""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from trainer import GPT, TrainerTest, descendants, options

# The n-th call does what the file part-n says. `step S` and `checkpoint S` write what a trainer would write.
MPIRUN = r"""#!/usr/bin/env bash
here=$(dirname "$0")
arguments=("$@")
for ((i = 0; i < $#; i++)); do [[ ${arguments[i]} != --out ]] || run=${arguments[i + 1]}; done
mkdir -p "$run/checkpoints"
[[ -e $run/config.json ]] || echo '{"steps": 100}' >"$run/config.json"
step() { echo "{\"step\":$1,\"train_loss\":2}" >>"$run/metrics.jsonl"; }
checkpoint() { mkdir "$run/checkpoints/$(printf 'step-%06d' "$1")"; }
message() { printf '%s\n' "$rule" "$1" "$rule" >&2; }
killed() { message "mpirun noticed that process rank $1 with PID 0 on node $2 exited on signal $3 (Killed)."; exit $((128 + $3)); }
asked=
trap 'asked=1' USR1
until_asked() { while [[ -z $asked ]]; do sleep 0.02; done; }
echo "$*" >>"$here/calls"
rule=--------------------------------------------------------------------------
source "$here/part-$(wc -l <"$here/calls")"
"""
DONE = "checkpoint 100; exit 0"


class Launch(TrainerTest):
    def setUp(self):
        super().setUp()
        self.stage = self.folder / "stage"
        self.stage.mkdir()
        self.script("mpirun", MPIRUN)
        self.run_folder = self.folder / "run"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("SLURM_", "OMPI_COMM_WORLD", "GPT_TERMINAL"))}
        self.environment["PATH"] = f"{self.stage}:{os.environ['PATH']}"

    def script(self, name, text):
        path = self.stage / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def command(self, words, training=("--data", "text.txt", "--out", "run", "--steps", "100")):
        return [GPT, "launch", *map(str, words), "--", "train", *training]

    def play(self, *parts):
        for number, part in enumerate(parts, 1):
            (self.stage / f"part-{number}").write_text(part + "\n")

    def launch(self, *words, parts=(), expect=0, **more):
        """gpt launch where mpirun plays these parts. Returns what the launcher said, line by line."""
        self.play(*parts)
        done = subprocess.run(self.command(words, **more), cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        self.assertEqual(len(self.calls()), len(parts), done.stderr)
        return done.stderr.splitlines()

    def start(self, *words, parts):
        self.play(*parts)
        process = subprocess.Popen(self.command(words), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def calls(self):
        """How mpirun was called, each time: (number of ranks, all words)."""
        path = self.stage / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(line.split()[1]), line) for line in lines]

    def ranks(self):
        return [ranks for ranks, _ in self.calls()]

    def events(self):
        return [json.loads(line) for line in (self.run_folder / "launch.jsonl").read_text().splitlines()]

    # ── Endings ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_a_killed_rank_is_left_behind_and_taken_back_in(self):
        said = self.launch("-n", 4, parts=[
            "checkpoint 40; step 40; step 41; step 42; killed 2 here 9",
            "step 41; checkpoint 50; until_asked; checkpoint 55; exit 0",
            DONE])
        self.assertEqual(said, [
            "launch: rank 2 was ended by SIGKILL in step 43; going on with 3 ranks from step 40",
            "launch: the job was stopped after step 41 to take ranks back in; going on with 4 ranks from step 55"])
        self.assertEqual(self.ranks(), [4, 3, 4])
        self.assertEqual(["--resume" in words for _, words in self.calls()], [False, True, True])
        self.assertEqual([(event["event"], event["ranks"], event["step"]) for event in self.events()],
                         [("start", 4, 0), ("killed", 4, 43), ("start", 3, 40), ("stopped", 3, 41), ("start", 4, 55),
                          ("done", 4, 41)])

    def test_what_a_new_start_does_not_cure_is_not_started_again(self):
        for code in (1, 2):
            with self.subTest(code=code):
                said = self.launch("-n", 4, parts=[f"echo 'gpt: it is so' >&2; exit {code}"], expect=code,
                                   training=("--data", "text.txt", "--out", f"run-{code}"))
                self.assertEqual(said, ["gpt: it is so"])
                (self.stage / "calls").unlink()

    def test_a_rank_that_hangs_is_left_behind(self):
        said = self.launch("-n", 3, parts=[
            "step 1; echo 'gpt: rank 1 on here (pid 7) has not been heard of for 4.0 s; its last word: x' >&2; exit 3", DONE])
        self.assertEqual(said[1:], ["launch: rank 1 kept the others waiting in step 2; beginning again with 2 ranks from the start"])

    def test_it_gives_up_when_nothing_is_gained(self):
        said = self.launch("-n", 4, "--max-failures", 3, "--back-off", 0.01, parts=["killed 0 here 11"] * 3, expect=139)
        self.assertEqual(said[-2:], ["launch: rank 0 was ended by SIGSEGV in step 1; giving up: the job has failed 3 times "
                                     "without a new checkpoint",
                                     "launch: go on with gpt launch -n 4 -- train --resume --out run"])
        self.assertEqual(self.ranks(), [4, 3, 2])
        self.assertEqual(self.events()[-1]["event"], "gave up")

    def test_ranks_that_die_are_replaced_at_once(self):
        self.launch("-n", 4, "--rejoin-after", 0, parts=["checkpoint 10; killed 3 here 9", "checkpoint 20; killed 0 here 9", DONE])
        self.assertEqual(self.ranks(), [4, 4, 4])

    def test_reproducible_takes_a_power_of_two(self):
        self.launch("-n", 4, parts=["killed 3 here 9", DONE],
                    training=("--data", "text.txt", "--out", "run", "--steps", "100", "--reproducible"))
        self.assertEqual(self.ranks(), [4, 2])

    def test_without_mpirun_it_says_so(self):
        self.environment["PATH"] = str(self.folder)
        self.assertEqual(self.launch("-n", 2, expect=127), ["mpirun cannot be started"])

    def test_fewer_than_min_ranks_are_not_worth_it(self):
        self.launch("-n", 4, "--min-ranks", 4, parts=["killed 3 here 9", DONE])
        self.assertEqual(self.ranks(), [4, 4])  # on one machine a rank can be replaced

    # ── Hosts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def lose_b(self):
        """Parts in which the connection to host b is lost, and an agent that reaches hosts x for which a file up-x is there."""
        agent = self.script("agent", 'test -e "$(dirname "$0")/up-$1"\n')
        agent.write_text("#!/bin/sh\n" + agent.read_text())
        self.environment["OMPI_MCA_plm_rsh_agent"] = str(agent)
        (self.stage / "up-a").touch()
        return ("step 1; checkpoint 10; message 'ORTE has lost communication with a remote daemon.\n"
                "  HNP daemon   : [[1,0],0] on node a\n  Remote daemon: [[1,0],1] on node b'; exit 205")

    def test_a_lost_host_is_left_out_until_it_is_back(self):
        said = self.launch("--hosts", "a:2,b:2", "--ask-every", 0.05, parts=[
            self.lose_b(), 'step 11; checkpoint 20; touch "$here/up-b"; until_asked; checkpoint 21; exit 0', DONE])
        self.assertIn("launch: the connection to host b was lost in step 2; going on with 2 ranks from step 10", said)
        self.assertEqual(["a:2,b:2" in words for _, words in self.calls()], [True, False, True])
        self.assertIn("--host a:2 ", self.calls()[1][1])

    def test_a_rank_killed_on_a_host_costs_one_place_there(self):
        self.lose_b()
        (self.folder / "hosts").write_text("a\nb\n")
        self.launch("--hostfile", "hosts", "--ranks-per-host", 2, parts=["killed 1 b 9", DONE])
        self.assertIn("--host a:2,b:1 ", self.calls()[1][1])

    def test_it_waits_for_hosts_but_not_for_ever(self):
        said = self.launch("--hosts", "a:2,b:2", "--min-ranks", 3, "--patience", 0.2, parts=[self.lose_b()], expect=205)
        self.assertIn("waiting for hosts: fewer than 3 ranks are left", said[-3])
        self.assertIn("giving up: fewer than 3 ranks are left", said[-2])

    # ── Wishes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    READY = "step 1; echo ready; until_asked; checkpoint 1; echo saved; exit 0"

    def test_a_wish_to_stop_reaches_the_ranks(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number.name):
                process = self.start("-n", 2, parts=[self.READY])
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(number)
                said, complaints = process.communicate(timeout=60)
                self.assertEqual((said, process.returncode), ("saved\n", 0), complaints)
                self.assertEqual(self.events()[-1]["event"], "stopped")
                subprocess.run(["rm", "-r", self.run_folder, self.stage / "calls"], check=True)

    def test_a_killed_launcher_takes_its_job_along(self):
        process = self.start("-n", 2, parts=[self.READY])
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.kill()
        self.assertEqual(process.stdout.read(), "saved\n")  # and then the job is gone: nobody writes there any more

    def test_a_wish_between_two_jobs_ends_all(self):
        process = self.start("-n", 2, "--back-off", 60, parts=["killed 0 here 9", "killed 0 here 9"])
        for line in process.stderr:
            if " in 60 s" in line:
                break
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 137)
        self.assertEqual(len(self.calls()), 2)
        self.assertEqual(descendants(process.pid), [])

    # ── Mistakes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_mistakes_are_one_sentence_before_anything_is_started(self):
        def refused(*words, mentions, training=("--data", "text.txt")):
            done = subprocess.run([GPT, "launch", *map(str, words), "--", "train", *training], cwd=self.folder,
                                  env=self.environment, capture_output=True, text=True, timeout=60)
            self.assert_refused(done, *mentions)
            self.assertEqual(self.calls(), [])

        refused(mentions=["-n", "--hosts"])
        refused("-n", 0, mentions=["0"])
        refused("-n", 5, "--hosts", "a:2,b:2", mentions=["4 ranks, not 5"])
        refused("--hosts", "a:2,b", "--hostfile", "hosts", mentions=["--hosts", "--hostfile"])
        refused("--hosts", "a:none", mentions=["a:none"])
        refused("--hosts", "a:2,b", "--ranks-per-host", 4, mentions=["a:2 says how many ranks run there"])
        refused("-n", 2, "--ranks-per-host", 4, mentions=["--ranks-per-host is for several hosts"])
        refused("--hostfile", "no-such-file", mentions=["no-such-file"])
        refused("-n", 2, "--min-ranks", 3, mentions=["--min-ranks 3"])
        refused("-n", 2, "--rejoin-after", -1, mentions=["--rejoin-after"])
        refused("-n", 2, training=["--layer", "3"], mentions=["--layer", "did you mean --layers?"])
        refused("-n", 2, training=["--resume", "--out", "nowhere"], mentions=["nowhere"])
        refused("-n", 2, training=["--steps", "0"], mentions=["--steps"])
        done = subprocess.run([GPT, "launch", "-n", "2", "--", "sample"], cwd=self.folder, capture_output=True, text=True)
        self.assert_refused(done, "gpt launch -n 4 -- train")


if __name__ == "__main__":
    unittest.main()
