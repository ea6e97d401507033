"""The lab of hosts does what it promises. Exit code 77, skipped, where this machine makes no lab."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from lab import Lab, skip_without_lab

# Prints whether a TCP connection to port 5000 of this host comes about.
CONNECT = ["python3", "-c", """
import socket, sys
try: socket.create_connection((sys.argv[1], 5000), timeout=float(sys.argv[2])); print("connected")
except OSError: print("no way")
"""]
LISTEN = ["python3", "-uc", """
import socket
server = socket.create_server(("", 5000)); print("ready")
while True: server.accept()
"""]


class Hosts(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(3, rate="1gbit")
        self.addCleanup(self.lab.close)

    def said(self, host, *words):
        done = self.lab.run(host, words, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_each_has_a_name_and_begins_in_this_folder(self):
        for host in "abc":
            self.assertEqual(self.said(host, "uname", "-n"), host)
            self.assertEqual(self.said(host, "pwd"), os.getcwd())

    def test_exit_codes_come_back(self):
        self.assertEqual(self.lab.run("b", ["sh", "-c", "exit 5"]).returncode, 5)

    def test_a_cable_can_be_cut_or_lose_everything_and_be_healed(self):
        server = self.lab.popen("b", LISTEN, stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(self.lab.close)
        self.assertEqual(server.stdout.readline(), "ready\n")
        for fault in (self.lab.cut, self.lab.drop):
            self.assertEqual(self.said("a", *CONNECT, "b", 30), "connected")
            fault("b")
            self.assertEqual(self.said("a", *CONNECT, "b", 0.3), "no way")
            self.lab.heal("b")
        self.assertEqual(self.said("c", *CONNECT, "b", 30), "connected")

    def test_the_stand_in_for_ssh_carries_a_command_and_nothing_else(self):
        script = 'SECRET=1 $OMPI_MCA_plm_rsh_agent b "uname -n; echo \\${SECRET:-none}; exit 7"; echo $?'
        self.assertEqual(self.said("a", "sh", "-c", script), "b\nnone\n7")
        done = self.lab.run("a", ["sh", "-c", "$OMPI_MCA_plm_rsh_agent nowhere true"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 255)
        self.assertIn("nowhere", done.stderr)

    def test_processes_are_listed_and_end_with_the_lab(self):
        self.assertEqual(self.lab.processes(), {})
        sleeper = self.lab.popen("c", LISTEN, stdout=subprocess.PIPE)
        self.addCleanup(sleeper.communicate)
        self.addCleanup(self.lab.close)
        sleeper.stdout.readline()
        running = self.lab.processes()
        self.assertEqual(list(running.values()), [("c", "python3")])
        self.lab.close()
        sleeper.wait(10)
        self.assertFalse(pathlib.Path(f"/proc/{list(running)[0]}").exists())


class Owner(unittest.TestCase):
    def test_a_lab_ends_with_a_killed_owner(self):
        script = ("import sys, time; sys.path.insert(0, sys.argv[1]); from lab import Lab; lab = Lab(2);"
                  "print(lab.pid, flush=True); time.sleep(1000)")
        owner = subprocess.Popen([sys.executable, "-B", "-c", script, str(pathlib.Path(__file__).parent)],
                                 stdout=subprocess.PIPE, text=True)
        with owner.stdout:
            pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        deadline = time.monotonic() + 30
        while running(pid):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


def running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    skip_without_lab()
    unittest.main()
