"""./book exercise, hint, status, watch, solution and grade. Called by ./book, which has configured the build."""

import os
import signal
import sys
import time

import grade
from attempt import MEMORY, SECONDS, attempt, elsewhere, is_sanitized
from catalogue import ROOT, Mistake, catalogue, find
from progress import Progress
from terminal import Waiting, paint, say, show

def next_open(exercises, progress):
    return next((e for e in exercises if progress.state(e) != "done"), None)


def next_after(exercise, exercises, progress):
    """The next one to do: of the same chapter, and first of what comes below it; else the first of the book."""
    chapter = [e for e in exercises if e.chapter == exercise.chapter]
    at = chapter.index(exercise)
    return next_open(chapter[at + 1:] + chapter[:at] + exercises, progress)


def choose(exercises, progress, words):
    """The exercise that is meant: the named one, or the first that is not done (of the book, or of a chapter)."""
    chosen = find(exercises, words[0]) if words else exercises
    exercise = next_open(chosen, progress) or (chosen[0] if len(chosen) == 1 else None)
    if exercise is None:
        print("All exercises are done. What is left is to train something." if not words else
              f"All exercises of chapter {words[0]} are done.")
        raise SystemExit(0)
    return exercise


def introduce(exercise):
    print(paint(f"{exercise.id} {exercise.title}", "1"))
    print(f"{exercise.skeleton} · {exercise.points} points · about {exercise.minutes} minutes\n")


def try_exercise(exercise, progress, verbose=False, changed=None):
    """Builds, tests, reports; True if it is done, None if its file has changed meanwhile."""
    if not (ROOT / exercise.skeleton).is_file():
        raise Mistake(f"there is no {exercise.skeleton}; git checkout {exercise.skeleton} brings back the one to begin with")
    introduce(exercise)
    with Waiting(SECONDS) as waiting:
        result = attempt(exercise, tell=waiting.tell, changed=changed, memory=None if is_sanitized() else MEMORY)
    if result.verdict == "changed":
        return None
    if result.verdict == "compile":
        print(result.output if verbose else result.message)
        if elsewhere(result.message, exercise.skeleton):
            say("\nThis is not in your file. git status shows what is not as the book has it, git checkout FILE brings it back.")
        print("\nIt does not compile yet." + ("" if verbose else f" All messages: ./book exercise {exercise.id} --verbose"))
    else:
        for line in result.output.splitlines():
            show(line)
        if result.message:
            say(("" if result.output.endswith("\n") or not result.output else "\n") + "  " + result.message)
    progress.note_attempt(exercise, result.verdict)
    print()
    if result.warnings and result.verdict not in ("passed", "todo", "compile"):
        print(f"The compiler warns of this:\n{result.warnings}\n")
    if result.verdict == "todo":
        say(exercise.task)
        say(f"\nOpen {exercise.skeleton}, and replace the TODO; what is asked in full stands in {exercise.name}.hpp beside it. "
            f"Then: ./book exercise {exercise.id}")
    elif result.verdict == "passed":
        print(paint(f"{exercise.id} is done", "32") + f" ({result.seconds:.1f} s).")
    elif result.verdict == "skipped":
        say(f"{exercise.id} was skipped: {result.message}")
    elif result.verdict != "compile":
        print(f"Not yet ({result.seconds:.1f} s). A hint: ./book hint {exercise.id}")
    return result.verdict == "passed"


def command_exercise(exercises, progress, words):
    verbose = "--verbose" in words
    words = [word for word in words if word != "--verbose"]
    exercise = choose(exercises, progress, words)
    done = try_exercise(exercise, progress, verbose)
    following = next_after(exercise, exercises, progress)
    if done:
        print(f"Next: ./book exercise {following.id}, {following.title}" if following else "That was the last one.")
    return 0 if done else 1


def command_hint(exercises, progress, words):
    exercise = choose(exercises, progress, words)
    seen = progress.hints_seen(exercise)
    introduce(exercise)
    shown = min(seen + 1, len(exercise.hints))
    for number in range(shown):
        say(f"Hint {number + 1} of {len(exercise.hints)}: {exercise.hints[number]}\n")
    progress.note(exercise, hints=shown)
    if seen == len(exercise.hints):
        print(f"That is all. The solution: ./book solution {exercise.id}")
    return 0


def command_status(exercises, progress, words):
    if words:
        for exercise in find(exercises, words[0]):
            hints = progress.hints_seen(exercise)
            print(f"{exercise.id}  {progress.state(exercise):7}  {exercise.points:2} points  {exercise.title}"
                  + (f"  ({hints} hint{'s' if hints > 1 else ''})" if hints else ""))
        return 0
    chapters = {}
    for exercise in exercises:
        chapters.setdefault(exercise.chapter, []).append(exercise)
    width = max(len(c) for c in chapters)
    for chapter, members in chapters.items():
        states = [progress.state(e) for e in members]
        marks = "".join({"done": "■", "changed": "◩", "tried": "◧", "new": "□"}[s] for s in states)
        points = sum(e.points for e, s in zip(members, states) if s == "done")
        print(f"{chapter:{width}}  {paint(marks.ljust(6), '32')}  {states.count('done')} of {len(members)}, "
              f"{points:2} of {sum(e.points for e in members):2} points")
    points = sum(e.points for e in exercises if progress.state(e) == "done")
    print(f"\n{points} of {sum(e.points for e in exercises)} points"
          "   (■ done  ◩ changed since it was done  ◧ tried  □ new)")
    following = next_open(exercises, progress)
    if following:
        print(f"Next: ./book exercise {following.id}, {following.title}")
    return 0


def command_watch(exercises, progress, words):
    """Runs the exercise whenever its file is saved. Polls, so it works on any file system and without a terminal."""
    exercise, before = choose(exercises, progress, words), None

    def stamp():
        file = ROOT / exercise.skeleton
        return file.stat().st_mtime_ns if file.is_file() else None

    while True:
        if stamp() not in (before, None):              # None: an editor is putting another file in its place
            before = stamp()
            if sys.stdout.isatty():
                print("\033[2J\033[H", end="")
            done = try_exercise(exercise, progress, changed=lambda: stamp() not in (before, None))
            if done:
                following = next_open(find(exercises, words[0]) if words else exercises, progress)
                if following is None:
                    return 0
                exercise = following
                before = stamp()
                say(f"Next: {exercise.id} {exercise.title}. Save {exercise.skeleton} to try it; Ctrl-C ends.")
            elif done is not None:
                say(f"Watching {exercise.skeleton}; Ctrl-C ends.")
        time.sleep(0.3)


def command_solution(exercises, progress, words):
    sure = "--yes" in words
    words = [word for word in words if word != "--yes"]
    if not words:
        raise Mistake("which solution? ./book solution 09.2")
    exercise = find(exercises, words[0])[0]
    if not (ROOT / exercise.solution).is_file():
        raise Mistake(f"{exercise.solution} is not in this copy of the book")
    if not sure and progress.state(exercise) != "done":
        if not sys.stdin.isatty():
            raise Mistake(f"{exercise.id} is not done yet; with --yes the solution is shown all the same")
        left = len(exercise.hints) - progress.hints_seen(exercise)
        question = f"{exercise.id} is not done yet" + (f", and {left} hint{'s are' if left > 1 else ' is'} unread" if left else "")
        if input(f"{question}. Show the solution? [y/N] ").strip().lower() not in ("y", "yes"):
            return 0
    introduce(exercise)
    print((ROOT / exercise.solution).read_text(encoding="utf-8"), end="")
    print(f"\n{exercise.solution}")
    return 0


def main(arguments):
    if len(arguments) < 1 or f"command_{arguments[0]}" not in globals() and arguments[0] != "grade":
        raise Mistake("exercise, hint, status, watch, solution or grade")
    exercises = catalogue()
    if arguments[0] == "grade":
        return grade.main(exercises, arguments[1:])
    unknown = [w for w in arguments[1:] if w.startswith("-") and w not in ("--verbose", "--yes")]
    if unknown or len([w for w in arguments[1:] if not w.startswith("-")]) > 1:
        raise Mistake(f"./book {arguments[0]} takes the number of one exercise, such as 09.2")
    return globals()[f"command_{arguments[0]}"](exercises, Progress(), arguments[1:])


def interrupt(number, _):
    """As Ctrl-C: what has been started is ended on the way out."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        sys.exit(main(sys.argv[1:]))
    except Mistake as mistake:
        print(f"book: {mistake}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except KeyboardInterrupt:
        print()
        sys.exit(0 if sys.argv[1] == "watch" else 130)
