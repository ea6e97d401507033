"""What a learner has done: in .progress.json, at the top of the book."""

import hashlib
import json
import os

from catalogue import ROOT


class Progress:
    def __init__(self, path=None):
        self.path = path or ROOT / ".progress.json"
        try:
            self.entries = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.entries = {}

    @staticmethod
    def fingerprint(exercise):
        """Of the learner's file and of its tests: a file that was changed since is not done."""
        digest = hashlib.sha256()
        for path in (exercise.skeleton, exercise.tests):
            digest.update((ROOT / path).read_bytes() if (ROOT / path).is_file() else b"")
        return digest.hexdigest()[:16]

    def state(self, exercise):
        """done, changed (since it was done), tried, or new."""
        entry = self.entries.get(exercise.id, {})
        if entry.get("passed"):
            return "done" if entry["passed"] == self.fingerprint(exercise) else "changed"
        return "tried" if entry.get("tries") else "new"

    def hints_seen(self, exercise):
        return self.entries.get(exercise.id, {}).get("hints", 0)

    def note(self, exercise, **changes):
        self.entries.setdefault(exercise.id, {}).update(changes)
        beside = self.path.with_name(self.path.name + ".new")
        with open(beside, "w", encoding="utf-8") as file:
            json.dump(self.entries, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def note_attempt(self, exercise, verdict):
        tries = self.entries.get(exercise.id, {}).get("tries", 0)
        if verdict == "passed":
            self.note(exercise, passed=self.fingerprint(exercise), tries=tries + 1)
        elif verdict != "todo":
            self.note(exercise, tries=tries + 1)
