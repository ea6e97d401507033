"""Checks the file that --timeline writes, and computes from it how much communication was hidden.

    python3 tests/end_to_end/timeline.py FILE      prints the figure for every rank and step

Python's standard library alone.
"""

import json
import re
import sys

ROUNDING_US = 0.0015  # times are written in whole nanoseconds


class Event:
    def __init__(self, entry, track):
        self.name, self.rank, self.track, self.numbers = entry["name"], entry["pid"], track, entry["args"]
        self.start, self.end = entry["ts"], entry["ts"] + entry["dur"]

    def overlap(self, other):
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


class Timeline:
    """The events of a file, which is refused with ValueError when it is not as it should be."""

    def __init__(self, text):
        file = json.loads(text)
        self.clock_errors = file["otherData"]["clock_error_us"]  # by rank
        entries = file["traceEvents"]
        tracks = {(e["pid"], e["tid"]): e["args"]["name"] for e in entries if e["ph"] == "M" and e["name"] == "thread_name"}
        processes = {e["pid"]: e["args"]["name"] for e in entries if e["ph"] == "M" and e["name"] == "process_name"}
        require(set(entry["ph"] for entry in entries) <= {"X", "M"}, "an event is neither complete nor metadata")
        self.events = [Event(entry, tracks[entry["pid"], entry["tid"]]) for entry in entries if entry["ph"] == "X"]
        self.ranks = len(self.clock_errors)
        require(processes == {rank: f"rank {rank}" for rank in range(self.ranks)}, f"the processes are {processes}")
        self.check_times()
        self.check_nesting()
        self.check_steps()
        self.check_clocks()

    def of(self, rank, track):
        return [event for event in self.events if event.rank == rank and event.track == track]

    def steps(self, rank):
        """{number: event}"""
        return {int(event.name.split()[1]): event for event in self.of(rank, "main") if event.name.startswith("step ")}

    def buckets(self, rank, step):
        return [event for event in self.of(rank, "communication") if event.numbers["step"] == step]

    def backward(self, rank, step):
        """The last backward pass of a step: the one that communicates. None where the rank had no samples."""
        whole = self.steps(rank)[step]
        passes = [event for event in self.of(rank, "main") if event.name == "backward" and event.overlap(whole) > 0]
        return max(passes, key=lambda event: event.start, default=None)

    def hidden(self, rank, step):
        """Milliseconds of communication, and those of them in which the backward pass ran."""
        buckets, backward = self.buckets(rank, step), self.backward(rank, step)
        total = sum(bucket.end - bucket.start for bucket in buckets)
        return total / 1e3, sum(bucket.overlap(backward) for bucket in buckets) / 1e3 if backward else 0.0

    def check_times(self):
        for event in self.events:
            require(event.start >= 0 and event.end >= event.start, f"{event.name} takes {event.end - event.start} µs")

    def check_nesting(self):
        """Within a track, two events are apart or one lies in the other."""
        for rank in range(self.ranks):
            for track in {event.track for event in self.events if event.rank == rank}:
                open_events = []
                for event in sorted(self.of(rank, track), key=lambda event: (event.start, -event.end)):
                    while open_events and open_events[-1].end <= event.start + ROUNDING_US:
                        open_events.pop()
                    require(not open_events or event.end <= open_events[-1].end + ROUNDING_US,
                            f"rank {rank}, {track}: {event.name} begins in {open_events and open_events[-1].name} and ends after it")
                    open_events.append(event)

    def check_steps(self):
        """Every rank has every step, and every step every bucket, in order; the parts of backward fill it."""
        steps = [sorted(self.steps(rank)) for rank in range(self.ranks)]
        require(steps[0] and all(of_rank == steps[0] for of_rank in steps), f"the ranks have the steps {steps}")
        require(steps[0] == list(range(steps[0][0], steps[0][-1] + 1)), f"the steps are {steps[0]}")
        plan = [bucket.numbers["bytes"] for bucket in self.buckets(0, steps[0][0])]
        for rank in range(self.ranks):
            for step, whole in self.steps(rank).items():
                buckets = self.buckets(rank, step)
                require([bucket.name for bucket in buckets] == [f"bucket {b}" for b in range(len(plan))] and
                        [bucket.numbers["bytes"] for bucket in buckets] == plan, f"rank {rank}, step {step}: the buckets differ")
                for bucket in buckets:
                    require(bucket.overlap(whole) >= bucket.end - bucket.start - ROUNDING_US, f"{bucket.name} lies outside its step")
                names = [event.name for event in self.of(rank, "main") if event.overlap(whole) > 0]
                require({"wait for gradients", "optimizer"} <= set(names), f"rank {rank}, step {step} consists of {names}")
                backward = self.backward(rank, step)
                if backward:
                    self.check_parts(backward)

    def check_parts(self, backward):
        parts = [event for event in self.of(backward.rank, "main") if re.fullmatch(r"head|layer \d+|embedding", event.name) and
                 event.start >= backward.start - ROUNDING_US and event.end <= backward.end + ROUNDING_US]
        names = [part.name for part in parts]
        layers = [f"layer {layer}" for layer in reversed(range(len(parts) - 2))]
        require(names == ["head", *layers, "embedding"], f"the parts of a backward pass are {names}")
        for before, after in zip(parts, parts[1:]):
            require(abs(before.end - after.start) < ROUNDING_US, f"between {before.name} and {after.name} is a gap")

    def check_clocks(self):
        """Nobody has a bucket's sum before everybody has brought its part: on one clock, its intervals meet."""
        for step in self.steps(0):
            for of_ranks in zip(*(self.buckets(rank, step) for rank in range(self.ranks))):
                error = 2 * max(self.clock_errors)
                require(max(event.start for event in of_ranks) <= min(event.end for event in of_ranks) + error + ROUNDING_US,
                        f"{of_ranks[0].name} of step {step} ended on one rank before it began on another")


def require(condition, message):
    if not condition:
        raise ValueError(message)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        timeline = Timeline(file.read())
    print(f"{timeline.ranks} ranks, {len(timeline.events)} events; clocks within {max(timeline.clock_errors):.1f} µs")
    for rank in range(timeline.ranks):
        for step in timeline.steps(rank):
            total, hidden = timeline.hidden(rank, step)
            print(f"rank {rank}  step {step}  communication {total:.3f} ms  hidden {hidden:.3f} ms  {100 * hidden / (total or 1):.1f}%")


if __name__ == "__main__":
    main()
