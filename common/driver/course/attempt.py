"""One attempt at an exercise: build it, run its tests in a process of their own, and say what came of it."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from catalogue import ROOT, Mistake

SECONDS = 20                    # an exercise's tests take less than two
MEMORY = 4 << 30                # bytes that its program may map: a loop that appends for ever ends before the machine does
BUILD = Path(os.environ.get("BOOK_BUILD", ROOT / "build" / "release"))


@dataclass
class Test:
    name: str
    title: str
    verdict: str                # passed, failed, todo, skipped, missing
    output: str = ""


@dataclass
class Attempt:
    verdict: str                # passed, failed, todo, skipped, compile, hang, crash, or changed: the file, meanwhile
    message: str = ""           # why there are no tests, or too few
    output: str = ""            # what the program printed
    tests: list = field(default_factory=list)
    seconds: float = 0.0
    warnings: str = ""          # the compiler's, of the learner's file


# ---- building

DIAGNOSTIC = re.compile(r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):(?:\d+:)? (?P<kind>error|fatal error|warning|note|  required from[^\n]*)")
UNUSED = re.compile(r"\[-Wunused-")


def build(target, build_folder=BUILD, tell=None):
    """Builds the target. Returns (whether that went well, what was said). tell: is called with ninja's lines, as they come."""
    done, said = ninja(target, build_folder, tell)
    if not done and "unknown target" in said:      # a folder that is new is found by CMake alone
        subprocess.run(["cmake", str(build_folder)], stdin=subprocess.DEVNULL, capture_output=True)
        done, said = ninja(target, build_folder, tell)
    if not done and "unknown target" in said:
        raise Mistake(f"the build knows no {target}: is it declared by add_exercise() in tests/exercises, "
                      "and its chapter in the build?")
    return done, said


def ninja(target, build_folder, tell):
    jobs = str(len(os.sched_getaffinity(0)))
    process = subprocess.Popen(["flock", str(ROOT / "build"), "ninja", "-C", str(build_folder), "-j", jobs, "-k", "0", target],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                               errors="replace")
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if tell and line.startswith("["):
                tell(line.rstrip())
    finally:
        process.stdout.close()
        process.wait()                             # after a Ctrl-C, too: ninja has heard it as well, and leaves nothing half done
    return process.returncode == 0, "".join(said)


def plain(text, build_folder=BUILD):
    """With paths from the top of the book, however the compiler was told them."""
    return text.replace(os.path.relpath(ROOT, build_folder) + "/", "").replace(str(ROOT) + "/", "")


def diagnostics(said, file):
    """The compiler's messages, one by one: (file, kind, lines)."""
    blocks = []
    for line in said.splitlines():
        match = DIAGNOSTIC.match(line)
        if match:
            blocks.append((match["file"], match["kind"], [line]))
        elif line.startswith(("ninja:", "[", "FAILED", "cc1plus", "In file", "/usr/bin/")):
            if "undefined reference" in line:
                blocks.append((str(file), "error", [line]))
            elif blocks:
                blocks.append(("", "", []))
        elif blocks and blocks[-1][2]:
            blocks[-1][2].append(line)
    return blocks


def learners_warnings(said, file):
    """What the compiler warns of in the learner's own file."""
    return plain("\n".join("\n".join(lines[:3]) for where, kind, lines in diagnostics(said, file)
                           if kind == "warning" and where.endswith(str(file)) and not UNUSED.search(lines[0])))


def kept_warnings(exercise, target, said, build_folder):
    """Those of the last time its file was compiled; the next builds have nothing to do, and say nothing."""
    path = build_folder / "bin" / "exercises" / f"{target}.warnings"
    if any(exercise.file in line for line in said.splitlines() if line.startswith("[")):
        path.write_text(learners_warnings(said, exercise.skeleton), encoding="utf-8")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def learners_lines(said, file):
    """Of the compiler's messages, the first error; and before it the line of `file` that led there, if it is elsewhere."""
    blocks = diagnostics(said, file)
    errors = [b for b in blocks if "error" in b[1]]
    mine = [b for b in blocks if b[0].endswith(str(file))]
    first = next((b for b in errors if b[0].endswith(str(file))), None)
    if first is None and mine and errors:          # a mistake in a header that one of the learner's lines has caused
        chosen = [mine[0], errors[0]]
    else:
        chosen = [first or (errors[0] if errors else ("", "", said.splitlines()[-20:]))]
    at = blocks.index(chosen[-1]) + 1 if chosen[-1] in blocks else len(blocks)
    if at < len(blocks) and "is defined in header" in "".join(blocks[at][2][:1]):
        chosen.append(blocks[at])
    text = "\n".join("\n".join(block[2][:6]) for block in chosen)
    more = len(errors) - 1
    said = plain(text) + (f"\n({more} more error{'s' if more > 1 else ''} below it)" if more > 0 else "")
    if "undefined reference" in text:
        return f"{said}\nIs it defined, with the name and the parameters that {Path(file).with_suffix('.hpp').name} declares?"
    return said + where_declared(text)


def elsewhere(message, file):
    """Is what learners_lines() has chosen in another file, with no line of `file` that led there?"""
    return bool(DIAGNOSTIC.match(message)) and str(file) not in message


def where_declared(text):
    """For a name that the compiler does not know: the header of the book that declares it."""
    unknown = re.search(r"error: [‘'](\w+)[’'] (?:was not declared|does not name a type)", text)
    if not unknown:
        return ""
    declares = re.compile(rf"^(?:class |struct |enum class |using |[\w:][\w:<>,&* ]* [&*]?){unknown[1]}\b\s*(?:[({{:=]|$)", re.M)
    headers = sorted(h for h in (ROOT / "chapters").glob("*/*.hpp") if declares.search(h.read_text(encoding="utf-8")))
    return f"\n{unknown[1]} is declared in {headers[0].relative_to(ROOT / 'chapters')}: is it included?" if headers else ""


# ---- running

def is_sanitized(build_folder=BUILD):
    """A sanitizer maps terabytes, and uses few of them."""
    cache = build_folder / "CMakeCache.txt"
    return cache.is_file() and re.search(r"^GPT_SANITIZE:\w+=.+$", cache.read_text(), re.M) is not None


def ranks_of(target, build_folder=BUILD):
    listed = build_folder / "exercises.txt"
    for line in listed.read_text().splitlines() if listed.is_file() else []:
        name, _, ranks = line.partition(" ")
        if name == target:
            return int(ranks)
    return 0


def stop(process, mark):
    """Ends the program with all that it has started: by its session, and by the mark in the environment."""
    process.terminate()                            # mpirun then ends its ranks
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        pass
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if f"EXERCISE_REPORT={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            pass
    try:
        process.kill()
    except ProcessLookupError:
        pass


ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def limited(memory, user):
    """What the child does before it becomes the program: a session of its own, limits, and another user's rights."""
    def prepare():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        if user:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
    return prepare


def wait_for(process, seconds, changed):
    """"" when the program ends by itself, else why it must be ended: "hang" or "changed"."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            process.wait(min(left, 0.3) if changed else left)
            return ""
        except subprocess.TimeoutExpired:
            if changed and changed():
                return "changed"
    return "hang"


OUTSIDE = ": it read or wrote memory that is not its own, as by an index past the end"
SIGNALS = {signal.SIGSEGV: OUTSIDE, signal.SIGBUS: OUTSIDE,
           signal.SIGABRT: ": the system found its memory damaged, as by writing past an end, or an exception left a thread",
           signal.SIGFPE: ": a whole number was divided by zero",
           signal.SIGKILL: ": the system ended it, as when memory runs out"}


def name_signal(number):
    return f"signal {number}, {signal.Signals(number).name}{SIGNALS.get(number, '')}"


# What Open MPI says when a rank has crashed: notices between two lines of dashes, which may cut into other lines.
NOTICE = re.compile(r"-{70,}\n(?:(?!-{70,}\n).*\n)*?.*(?:mpirun|mpiexec|Primary job)(?:(?!-{70,}\n).*\n)*-{70,}\n")
NOTICED = re.compile(r"noticed that process rank (\d+) .* exited on signal (\d+)")


# What libstdc++ says of a learner's file, which is compiled with its assertions.
ASSERTED = re.compile(r"^/\S+/c\+\+/\S+:\d+: .*?\b(?P<type>std::(?:\w+::)*\w+)(?:<[^\n]*>)?::(?P<what>operator\S+?|\w+)\(.*: "
                      r"Assertion '(?P<check>.*)' failed\.\n", re.M)


def without_assertion(said):
    """(what the program said, without an assertion of libstdc++; the assertion in words, or "")"""
    found = ASSERTED.search(said)
    if not found:
        return said, ""
    kind, what, check = found["type"].replace("basic_", ""), found["what"], found["check"]
    if what == "operator[]":
        words = f"an index past the end of a {kind}"
    elif "empty()" in check:
        words = f"{what}() of a {kind} that is empty"
    elif "engaged" in check:
        words = "the value of an empty std::optional"
    elif "pointer()" in check or "nullptr" in check:
        words = "the object of a smart pointer that has none"
    else:
        words = f"{kind}::{what}() asks for {check}"
    return said[:found.start()] + said[found.end():], words


def without_mpirun(said):
    """(what the program said, without mpirun's notices; the crash that they tell of, or "")"""
    crash = NOTICED.search(said)
    return NOTICE.sub("", said), f"rank {crash[1]}, {name_signal(int(crash[2]))}" if crash else ""


NONCE = b"nonce of this program: "           # in tests/exercises/report.cpp, then 32 characters


def run(program, ranks, seconds=SECONDS, nonce=None, memory=None, user=None, changed=None):
    """Runs the program in an empty folder that is thrown away. Returns (lines of its report, output, why it ended or "").

    nonce: 32 characters that every line of the report must bear; memory: bytes that a process may map; user: whose rights it
    gets (an entry of pwd), as root only; changed: is asked now and then; if it says yes, the run ends as "changed".
    """
    folder = Path(tempfile.mkdtemp(prefix="exercise-"))
    output = tempfile.TemporaryFile()              # without a name, so that nobody can delete it
    try:
        report = folder / "report"
        command = [str(program)]
        if nonce:
            code = program.read_bytes()
            at = code.index(NONCE) + len(NONCE)
            (folder / "program").write_bytes(code[:at] + nonce.encode() + code[at + len(nonce):])
            (folder / "program").chmod(0o755)
            command = [str(folder / "program")]
        if user:                                   # who writes there, and nowhere else
            os.chown(folder, user.pw_uid, user.pw_gid)
        if ranks:
            command = ["mpirun", "-np", str(ranks), *command]
        env = {**os.environ, "EXERCISE_REPORT": str(report), "TMPDIR": str(folder), "HOME": str(folder), "OMP_NUM_THREADS": "1",
               "OMPI_MCA_opal_signal": ""}         # no stack in hexadecimal numbers
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)         # while nobody could end what has just been started
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env,
                                   cwd=folder, preexec_fn=limited(memory, user))
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
            ended = wait_for(process, seconds, changed)
        finally:                                   # a Ctrl-C does not reach a session of its own
            stop(process, report)
        code = process.wait()
        if not ended and code:
            ended = name_signal(-code) if code < 0 else f"exit code {code}"
        lines = []
        reports = [report, *sorted(folder.glob("report.*"))]     # and what single ranks have found so far
        for line in (line for file in reports if file.is_file() for line in file.read_text(errors="replace").splitlines()):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and (not nonce or entry.get("nonce") == nonce):
                lines.append(entry)
        output.seek(0)
        said = output.read(1 << 20).decode(errors="replace")
        if ranks:
            said, crash = without_mpirun(said)
            ended = crash or ended
        if ended.endswith(SIGNALS[signal.SIGABRT]):
            said, words = without_assertion(said)
            ended = words or ended
        return lines, said, ended
    finally:
        output.close()
        shutil.rmtree(folder, ignore_errors=True)


def why_it_hangs(exercise, ranks):
    if ranks:
        return ("Either a loop does not end, or ranks wait for each other: does every rank make the same calls in the same "
                "order, and is every message that is received also sent? If all send first, a long message waits forever.")
    if exercise.chapter >= "09":                   # its ranks are threads
        return ("Either a loop does not end, or threads wait for each other: does every rank make the same calls in the same "
                "order?")
    return "Most likely a loop does not end."


def attempt(exercise, kind="exercise", mistake="", build_folder=BUILD, seconds=SECONDS, file=None, tell=None, **limits):
    """kind: exercise, solution, graded, or wrong with the name of the mistake; tell: as build() takes it, and with "" when
    the tests begin; limits: as run() takes them."""
    began = time.monotonic()
    target = f"{kind}_{exercise.target}" + (f"_{mistake}" if mistake else "")
    built, said = build(target, build_folder, tell)
    if not built:
        return Attempt("compile", learners_lines(said, file or exercise.skeleton), said, seconds=time.monotonic() - began)
    if tell:
        tell("")
    result = examine(exercise, target, build_folder, seconds, **limits)
    if kind == "exercise":
        result.warnings = kept_warnings(exercise, target, said, build_folder)
    result.seconds = time.monotonic() - began
    return result


def examine(exercise, target, build_folder=BUILD, seconds=SECONDS, **limits):
    """Runs the tests of a program that is built, and judges them."""
    ranks = ranks_of(exercise.target, build_folder)
    if ranks and not shutil.which("mpirun"):
        return Attempt("skipped", "mpirun, of Open MPI, is not here")
    lines, output, ended = run(build_folder / "bin" / "exercises" / target, ranks, seconds, **limits)
    if ended == "changed":
        return Attempt("changed")
    done = {line["test"]: line for line in lines if line["verdict"] in ("passed", "failed", "todo", "skipped")}
    tests = []
    for name in exercise.test_names():
        line = done.get(name)
        tests.append(Test(name, line["title"], line["verdict"], line["output"]) if line else Test(name, name, "missing"))
    complete = any(line["verdict"] == "end" for line in lines) and all(t.verdict != "missing" for t in tests)
    result = Attempt("passed", output=output, tests=tests)
    verdicts = {test.verdict for test in tests}
    if not complete:
        running = [line["title"] for line in lines if line["verdict"] == "started" and line["test"] not in done]
        where = f" in the test “{running[-1]}”" if running else ""
        result.verdict = "hang" if ended == "hang" else "crash"
        result.message = (f"stopped after {seconds:g} s{where}. {why_it_hangs(exercise, ranks)}" if ended == "hang" else
                          f"the program ended{where}, before its last test: {ended or 'exit code 0'}")
        result.message += "".join(f"\nWhat {line['verdict']} had found by then:\n{line['output']}" for line in lines
                                  if line["verdict"].startswith("rank ") and running and line["title"] == running[-1])
    elif "todo" in verdicts:
        result.verdict = "todo"
    elif "failed" in verdicts:
        result.verdict = "failed"
    elif verdicts == {"skipped"}:
        result.verdict = "skipped"
        result.message = tests[0].output.strip()
    return result
