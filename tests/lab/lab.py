#!/usr/bin/env python3
"""A lab of several hosts on one machine: each has a name, a network of its own, and a cable to one switch.

    python3 tests/lab/lab.py up 4 --rate 1gbit      hosts a, b, c, d; links of 1 Gbit/s
    python3 tests/lab/lab.py run a ./book train --hosts a:2,b:2
    python3 tests/lab/lab.py cut b                  pulls b's cable: both ends see that the carrier is gone
    python3 tests/lab/lab.py drop b                 loses every frame from and to b; nobody is told
    python3 tests/lab/lab.py kill b                 ends all that runs on b
    python3 tests/lab/lab.py heal b
    python3 tests/lab/lab.py rate 100mbit
    python3 tests/lab/lab.py down

From a test:  with Lab(hosts=2, rate="1gbit") as lab: lab.run("a", ["./book", "train", "--hosts", "a:2,b:2"])

How it works. Linux can give a process a namespace: its own view of a part of the system. The lab is one process that has
its own network (the switch: a bridge, nothing else), its own process numbers, and its own mounts. Each host is one
sleeping process inside it with its own network (a loopback, and one end of a virtual cable), its own hostname and its own
mounts. To run a command on a host is to start it with that process's namespaces. The hosts share the disk, the memory and
the processor; what they do not share is what makes them hosts to MPI: the name and the network.

Nothing needs to be cleaned up. A namespace lives as long as a process in it, and the lab's first process ends with its
owner (its standard input closes); then the kernel ends all processes of the lab, and the networks go with them.

Needs iproute2 and util-linux, and the right to make namespaces: root's, or an ordinary user's where the kernel allows it.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

NAMES = "abcdefghijklmnop"
NETWORK = "10.77.0.{}"
# Knocks at a port where nobody listens, until the host itself answers that.
REACH = """
import socket, sys, time
for attempt in range(200):
    try:
        socket.create_connection((sys.argv[1], 9), 0.1).close()
        break
    except ConnectionRefusedError:
        break
    except OSError:
        time.sleep(0.05)
else:
    sys.exit(f"{sys.argv[1]} cannot be reached")
"""
SKIPPED = 77  # the exit code by which ctest knows a skipped test
HERE = pathlib.Path(__file__).resolve().parent
STATE = pathlib.Path(tempfile.gettempdir()) / f"gpt-lab-{os.getuid()}.json"  # of the lab that `up` started


class LabUnavailable(Exception):
    """This machine makes no lab; the message says why."""


# ── The lab, from outside ────────────────────────────────────────────────────────────────────────────────────────────

class Lab:
    """Hosts a, b, c, …; up from construction to close(), which the end of a `with` calls."""

    def __init__(self, hosts=2, rate=None, forever=False):
        """rate: of each link and direction, as tc writes it ("1gbit"). forever: outlives this process."""
        missing = [name for name in ("unshare", "nsenter", "ip", "tc", "hostname") if not shutil.which(name, path=path())]
        if missing:
            raise LabUnavailable(f"there is no program {missing[0]}")
        # An ordinary user first becomes the root of a user namespace; root needs none.
        self._user = [] if os.geteuid() == 0 else ["--user"]
        self._process = subprocess.Popen(
            ["unshare", *(["--map-root-user"] if self._user else []), *self._user, "--mount", "--uts", "--net", "--pid",
             "--fork", "--kill-child", "--mount-proc", sys.executable, "-B", __file__, "switch", str(hosts)]
            + (["--forever"] if forever else []),
            stdin=subprocess.DEVNULL if forever else subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "PATH": path()}, start_new_session=True)
        answer = self._process.stdout.readline()
        if not answer:
            reason = self._process.communicate()[1].strip().splitlines()
            raise LabUnavailable(reason[-1] if reason else "unshare failed")
        self._open(self._process.pid, json.loads(answer))
        if rate:
            self.rate(rate)

    def _open(self, pid, hosts):
        self.pid = pid
        self._hosts = hosts  # {name: {"pid": inside the lab, "network": as the kernel names it}}
        self.hosts = list(hosts)

    @classmethod
    def running(cls):
        """The lab that `up` started."""
        lab = cls.__new__(cls)
        state = json.loads(STATE.read_text())
        lab._process, lab._user = None, state["user"]
        lab._open(state["pid"], state["hosts"])
        if not pathlib.Path(f"/proc/{lab.pid}").exists():
            raise FileNotFoundError
        return lab

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends every process of the lab. A second time it does nothing."""
        if self._process is None:  # `up` started it, in a process that has ended
            os.kill(self.pid, signal.SIGKILL)  # unshare, which takes its child along; to SIGTERM it does not listen
        elif self._process.poll() is None:
            self._process.terminate()
            self._process.communicate()

    def on(self, host, command):
        """The command line that runs `command` (a list of words) on a host; None is the switch."""
        proc = f"/proc/{self.pid}/ns"
        enter = ["nsenter", "--target", str(self.pid), *self._user, *(["--preserve-credentials"] if self._user else []),
                 "--mount", "--uts", "--net", f"--pid={proc}/pid_for_children", "--"]
        if host:
            enter += ["nsenter", "--target", str(self._hosts[host]["pid"]), "--mount", "--uts", "--net", "--"]
        return enter + list(map(str, command))

    def environment(self, base=None):
        """For programs on a host: where the others are, and that Open MPI reaches them by the stand-in for ssh."""
        base = os.environ if base is None else base
        return {**base, "PATH": path(base),
                "GPT_LAB": " ".join(f"{name}={host['pid']}" for name, host in self._hosts.items()),
                "OMPI_MCA_plm_rsh_agent": str(HERE / "ssh_stand_in.sh")}

    def _options(self, command, options):
        folder = options.pop("cwd", None) or os.getcwd()
        options["env"] = self.environment(options.get("env"))
        return ["env", "-C", str(folder), *map(str, command)], options

    def popen(self, host, command, **options):
        """subprocess.Popen on a host, in this folder or `cwd`. Signals reach nsenter, not the command."""
        command, options = self._options(command, options)
        return subprocess.Popen(self.on(host, command), **options)

    def run(self, host, command, **options):
        """subprocess.run on a host, in this folder or `cwd`."""
        command, options = self._options(command, options)
        return subprocess.run(self.on(host, command), **options)

    def _at_switch(self, *words):
        subprocess.run(self.on(None, words), check=True, env={**os.environ, "PATH": path()})

    def cut(self, host):
        """Pulls the cable at the switch."""
        self._at_switch("ip", "link", "set", f"to-{host}", "down")

    def drop(self, host):
        """The cable stays in, its light stays on, and every frame is lost."""
        self._at_switch("ip", "link", "set", f"to-{host}", "nomaster")

    def kill(self, host):
        """Ends all that runs on the host at once, as a shutdown in a hurry does; the host itself can be reached."""
        for process, (where, _) in self.processes().items():
            if where == host:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # it has just ended

    def heal(self, host):
        """Returns when the host can be reached again: each neighbour first has to forget that it could not be."""
        self._at_switch("ip", "link", "set", f"to-{host}", "master", "br0")
        self._at_switch("ip", "link", "set", f"to-{host}", "up")
        others = [other for other in self.hosts if other != host]
        for one in self.hosts:
            self.run(one, ["ip", "neigh", "flush", "dev", "eth0"], check=True)
        for one, another in [(host, other) for other in others] + [(other, host) for other in others]:
            self.run(one, [sys.executable, "-c", REACH, another], check=True)

    def rate(self, rate):
        """Shapes both directions of all links by a token bucket (tc-tbf)."""
        for host in self.hosts:
            for where, device in ((host, "eth0"), (None, f"to-{host}")):
                subprocess.run(self.on(where, ["tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate,
                                               "burst", "256kb", "latency", "50ms"]),
                               check=True, env={**os.environ, "PATH": path()})

    def processes(self):
        """{process number: (host, name)} of what runs on the hosts now."""
        networks = {host["network"]: name for name, host in self._hosts.items()}
        found = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                host = networks.get(os.readlink(folder / "ns/net"))
                words = (folder / "cmdline").read_bytes().split(b"\0")
                name = (folder / "comm").read_text().strip()
            except OSError:
                continue  # it has ended, or is not ours
            if host and words[:2] != [b"sleep", b"infinity"] and words != [b""]:
                found[int(folder.name)] = (host, name)
        return found


def skip_without_lab():
    """For a test program, first of all: ends it, as skipped and with the reason, where this machine makes no lab."""
    try:
        Lab(2).close()
    except LabUnavailable as reason:
        print(f"SKIPPED: this machine makes no lab of several hosts: {reason}")
        sys.exit(SKIPPED)


def path(environment=os.environ):
    """PATH with the folders of the system's tools, which an ordinary user's may lack."""
    return environment.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


# ── The lab, from inside ─────────────────────────────────────────────────────────────────────────────────────────────

def ip(*words, host=None):
    enter = ["nsenter", "--target", str(host), "--net"] if host else []
    subprocess.run([*enter, "ip", *map(str, words)], check=True)


def name_hosts(names):
    """The lab's own /etc/hosts: a name service that answers at once. Only the lab's processes see it."""
    if not os.path.exists("/etc/hosts"):
        return
    lines = ["127.0.0.1 localhost"] + [f"{NETWORK.format(i + 1)} {name}" for i, name in enumerate(names)]
    with tempfile.NamedTemporaryFile("w", prefix="gpt-lab-") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.chmod(file.name, 0o644)
        subprocess.run(["mount", "--bind", file.name, "/etc/hosts"], check=True)


def switch(hosts, forever):
    """The lab's first process: it makes the switch and the hosts, says where they are, and waits for its end."""
    names = NAMES[:hosts]
    name_hosts(names)
    ip("link", "add", "br0", "type", "bridge")
    ip("link", "set", "br0", "up")
    made = {}
    for number, name in enumerate(names, 1):
        holder = subprocess.Popen(["unshare", "--mount", "--uts", "--net", "sh", "-c",
                                   f"hostname {name} && echo ready && exec sleep infinity"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if not holder.stdout.readline():
            sys.exit("unshare failed")
        cable = f"to-{name}"
        ip("link", "add", "eth0", "netns", holder.pid, "type", "veth", "peer", "name", cable)
        ip("link", "set", cable, "master", "br0", "up")
        ip("link", "set", "lo", "up", host=holder.pid)
        ip("addr", "add", NETWORK.format(number) + "/24", "dev", "eth0", host=holder.pid)
        ip("link", "set", "eth0", "up", host=holder.pid)
        made[name] = {"pid": holder.pid, "network": os.readlink(f"/proc/{holder.pid}/ns/net")}
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans come to process 1, and leave no zombies
    print(json.dumps(made), flush=True)
    if forever:
        os.close(1), os.close(2)
        while True:
            signal.pause()
    sys.stdin.read()


# ── The command ──────────────────────────────────────────────────────────────────────────────────────────────────────

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make a lab")
    up.add_argument("hosts", type=int, choices=range(1, len(NAMES) + 1), metavar=f"1..{len(NAMES)}")
    up.add_argument("--rate", help="of each link, such as 1gbit")
    run = commands.add_parser("run", help="run a command on a host")
    run.add_argument("host")
    run.add_argument("words", nargs=argparse.REMAINDER)
    for name in ("cut", "drop", "kill", "heal"):
        commands.add_parser(name).add_argument("host")
    commands.add_parser("rate").add_argument("rate")
    commands.add_parser("down", help="end the lab and all that runs in it")
    inside = commands.add_parser("switch")  # what Lab starts inside its namespaces
    inside.add_argument("hosts", type=int)
    inside.add_argument("--forever", action="store_true")
    given = parser.parse_args()

    if given.command == "switch":
        return switch(given.hosts, given.forever)
    if given.command == "up":
        if given_lab():
            sys.exit("lab: one is up already: down ends it")
        try:
            lab = Lab(given.hosts, given.rate, forever=True)
        except LabUnavailable as reason:
            print(f"lab: this machine makes no lab: {reason}", file=sys.stderr)
            return SKIPPED
        STATE.write_text(json.dumps({"pid": lab.pid, "user": lab._user, "hosts": lab._hosts}))
        print("up:", *lab.hosts)
        return 0
    lab = given_lab() or sys.exit("lab: there is none; `up 4` makes one")
    if given.command == "run":
        return lab.run(known(lab, given.host), given.words or ["bash"]).returncode
    if given.command == "down":
        lab.close()
        STATE.unlink()
    elif given.command == "rate":
        lab.rate(given.rate)
    else:
        getattr(lab, given.command)(known(lab, given.host))
    return 0


def given_lab():
    try:
        return Lab.running()
    except FileNotFoundError:
        return None


def known(lab, host):
    return host if host in lab.hosts else sys.exit(f"lab: there is no host {host}, only {', '.join(lab.hosts)}")


if __name__ == "__main__":
    sys.exit(main())
