"""gpt report, gpt watch and the event files for TensorBoard, on runs that are whole, young, resumed, stopped and damaged."""

import html.parser
import os
import pty
import select
import signal
import struct
import subprocess
import time
import unittest

from trainer import Job, TINY, TrainerTest, command, metrics, options

POLYNOMIAL = 0x82f63b78


def crc32c(data):
    """Bit by bit: slower than the trainer's, and nothing to get wrong."""
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xffffffff


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17 & 0xffffffff) + 0xa282ead8) & 0xffffffff


def fields(message):
    """(number, value) of each field of a protocol buffer."""
    at = 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at += 1
            number |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        length = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, message[at:at + length]
        at += length


def events(path):
    """The records of an event file, with both checks compared."""
    data = path.read_bytes()
    found = []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert masked(data[:8]) == struct.unpack("<I", data[8:12])[0], "the check of a length is wrong"
        record = data[12:12 + length]
        assert masked(record) == struct.unpack("<I", data[12 + length:16 + length])[0], "the check of a record is wrong"
        found.append(list(fields(record)))
        data = data[16 + length:]
    return found


def scalars(path):
    """[(step, {tag: value})] of the events with a summary."""
    found = []
    for event in events(path):
        event = dict(event)
        if 5 in event:
            values = [dict(fields(value)) for _, value in fields(event[5])]
            found.append((event[2], {v[1].decode(): struct.unpack("<f", v[2])[0] for v in values}))
    return found


class Page(html.parser.HTMLParser):
    """Which elements a page has, and what they name."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.unclosed = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)


class Report(TrainerTest):
    def report(self, *words):
        done = self.gpt("report", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        path = self.folder / done.stdout.strip()
        text = path.read_text(encoding="utf-8", errors="replace")
        page = Page(text)
        self.assertEqual((page.open, page.unclosed), ([], []))
        for name, value in page.attributes:
            self.assertNotIn(name, ("src", "href", "xlink:href", "onload", "srcset"))
            self.assertNotIn("://", str(value).replace("http://www.w3.org/2000/svg", ""))
        return text

    def test_a_whole_run_on_two_ranks(self):
        self.train("run", ranks=2, timeline="run.json")
        self.assertNotIn("One step, by rank", self.report("run"))
        self.assert_refused(self.gpt("report", "run", "--timeline", "run/config.json"), "config.json")
        self.assert_refused(self.gpt("report", "run", "--timeline", "missing.json"), "missing.json")
        page = self.report("run", "--timeline", "run.json")
        for words in (">done<", "Loss", "Learning rate", "Gradient norm", "tokens/s", "gradients on their way", "on the wire",
                      "One step, by rank", "rank 1", "Sample", "step-000020", "2 × 1", "weight_decay"):
            self.assertIn(words, page)
        ids = [value for name, value in Page(page).attributes if name == "id"]
        self.assertEqual(len(ids), len(set(ids)), ids)

    def test_a_file_of_ones_own(self):
        self.train("run")
        self.report("run", "--out", "page.html")
        self.assertTrue((self.folder / "page.html").exists())
        self.assertFalse((self.folder / "run" / "report.html").exists())
        self.assert_refused(self.gpt("report", "run", "--out", "run"), "folder")
        self.assert_refused(self.gpt("report", "run", "--out", "nowhere/page.html"), "nowhere")

    def test_a_run_that_is_killed_and_resumed(self):
        job = Job(self, 0, "train", *options({**TINY, "data": self.text, "out": "run", "steps": 100000}))
        self.assertTrue(job.wait_for_step(self.folder / "run", 12))
        self.assertIn(">running<", self.report("run"))
        job.kill()
        self.assertIn("ended without a word", self.report("run"))
        steps = len(metrics(self.folder / "run")) + 10
        self.train("run", resume=True, steps=steps)
        page = self.report("run")
        self.assertIn(">done<", page)
        self.assertIn("line s7 dashed", page, "where it was resumed")

    def test_a_run_that_met_a_bad_number(self):
        self.train("run", expect=1, lr=1e30, min_lr=0, warmup=0)
        page = self.report("run")
        self.assertIn("bad number", page)
        self.assertIn("first bad tensor", page)

    def test_no_run(self):
        self.assert_refused(self.gpt("report", "nowhere"), "nowhere")
        self.assert_refused(self.gpt("report"), "no run")


class Watch(TrainerTest):
    def test_one_plain_screen_in_a_pipe(self):
        self.train("run", ranks=2)
        done = self.gpt("watch", "run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("\x1b", done.stdout)
        lines = done.stdout.splitlines()
        self.assertIn("done", lines[0])
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertIn(f"loss {metrics(self.folder / 'run')[-1]['train_loss']:.4f}", done.stdout)
        for words in ("20/20", "val ", "lr ", "tokens/s", "waiting for gradients"):
            self.assertIn(words, done.stdout)

    def test_no_run_and_no_step(self):
        self.assert_refused(self.gpt("watch", "nowhere"), "nowhere")
        self.train("run")
        (self.folder / "run" / "metrics.jsonl").write_text("")
        self.assertIn("no step is done yet", self.gpt("watch", "run").stdout)

    def test_a_run_in_a_terminal_until_q(self):
        """The watch follows a metrics file that grows, and puts the terminal back."""
        self.train("run")
        run = self.folder / "run"
        lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
        (run / "metrics.jsonl").write_text("".join(lines[:7]))
        for key in (b"q", None):
            with self.subTest(key=key):
                terminal, side = pty.openpty()
                process = subprocess.Popen(command(0, "watch", "run"), cwd=self.folder, stdin=side, stdout=side, stderr=side)
                os.close(side)
                seen = self.read_until(terminal, b"7/20")
                with (run / "metrics.jsonl").open("a") as file:
                    file.write(lines[7] + lines[8][:10])
                seen += self.read_until(terminal, b"8/20")
                if key:
                    os.write(terminal, key)
                else:
                    process.send_signal(signal.SIGINT)
                seen += self.read_until(terminal, None)
                self.assertEqual(process.wait(timeout=60), 0)
                os.close(terminal)
                self.assertIn(b"\x1b[?1049h", seen)
                self.assertGreater(seen.rfind(b"\x1b[?1049l"), seen.rfind(b"\x1b[?1049h"), "the terminal is not put back")
                (run / "metrics.jsonl").write_text("".join(lines[:7]))

    def read_until(self, terminal, words):
        """What the terminal shows until these words, or, with None, until the program ends."""
        seen, deadline = b"", time.monotonic() + 60
        while words is None or words not in seen:
            self.assertLess(time.monotonic(), deadline, f"{words} did not come: {seen[-400:]}")
            if select.select([terminal], [], [], 1)[0]:
                try:
                    seen += os.read(terminal, 65536)
                except OSError:  # the other side is closed
                    break
        return seen


class EventFiles(TrainerTest):
    def file(self, run="run"):
        (path,) = (self.folder / run / "tensorboard").iterdir()
        self.assertIn("tfevents", path.name)
        return path

    def test_they_hold_the_metrics(self):
        self.train("run", ranks=2)
        first = dict(events(self.file())[0])
        self.assertEqual(first[3], b"brain.Event:2")
        lines = metrics(self.folder / "run")
        found = scalars(self.file())
        self.assertEqual([step for step, _ in found], [line["step"] for line in lines])
        for (_, values), line in zip(found, lines):
            self.assertAlmostEqual(values["loss/training"], line["train_loss"], places=4)
            self.assertAlmostEqual(values["optimizer/lr"], line["lr"], places=6)
            self.assertEqual("loss/validation" in values, "val_loss" in line)

    def test_a_resumed_run_shows_no_step_twice(self):
        job = Job(self, 0, "train", *options({**TINY, "data": self.text, "out": "run", "steps": 100000}))
        self.assertTrue(job.wait_for_step(self.folder / "run", 12))
        job.kill()
        steps = len(metrics(self.folder / "run")) + 10
        self.train("run", resume=True, steps=steps)
        self.assertEqual([step for step, _ in scalars(self.file())], list(range(1, steps + 1)))


if __name__ == "__main__":
    unittest.main()
