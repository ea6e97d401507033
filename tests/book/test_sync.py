"""What `./book sync` must do, on small books made for the purpose."""

import io
import tempfile
import unittest
from pathlib import Path

import sync

SOURCE = """\
int a;
namespace n {
  // [two]
  int b;

    // [inner]
    int c;
    // [/inner]
  // [/two]
}
"""


class Book(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("chapters/01_a/code.hpp", SOURCE)

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def lesson(self, text, name="chapters/01_a/README.md"):
        self.write(name, text)

    def run_sync(self, **options):
        out = io.StringIO()
        self.code = sync.sync(self.root, out=out, err=out, **options)
        self.said = out.getvalue()
        return (self.root / "chapters/01_a/README.md").read_text(encoding="utf-8")

    def test_a_region_is_filled_in_dedented_and_without_marks(self):
        self.lesson("# T\n\n<!-- code: 01_a/code.hpp [two] -->\n```cpp\nold\n```\nafter\n")
        text = self.run_sync()
        self.assertEqual(text, "# T\n\n<!-- code: 01_a/code.hpp [two] -->\n```cpp\nint b;\n\n  int c;\n```\nafter\n")
        self.assertEqual(self.code, 0)
        self.run_sync(check=True)
        self.assertEqual(self.code, 0, self.said)

    def test_a_file_without_region_is_shown_whole_and_the_root_counts_too(self):
        self.write("common/x.cmake", "# [one]\nset(a 1)\n# [/one]\n")
        self.lesson("<!-- code: common/x.cmake -->\n```\n```\n\n<!-- code: common/x.cmake [one] -->\n\n```\n```\n")
        self.assertEqual(self.run_sync().count("set(a 1)"), 2)

    def test_check_shows_the_difference_and_changes_nothing(self):
        stale = "<!-- code: 01_a/code.hpp [inner] -->\n```cpp\nint old;\n```\n"
        self.lesson(stale)
        self.assertEqual(self.run_sync(check=True), stale)
        self.assertEqual(self.code, 1)
        self.assertIn("-int old;", self.said)
        self.assertIn("+int c;", self.said)
        self.assertIn("README.md:1: stale code", self.said)

    def test_several_blocks_of_a_file_are_all_filled(self):
        self.lesson("<!-- output: printf 'a\\nb\\n' -->\n```\n```\ntext\n<!-- code: 01_a/code.hpp [inner] -->\n```\nx\ny\n```\n")
        self.assertEqual(self.run_sync(), "<!-- output: printf 'a\\nb\\n' -->\n```\na\nb\n```\ntext\n"
                         "<!-- code: 01_a/code.hpp [inner] -->\n```\nint c;\n```\n")

    def test_a_command_runs_once_in_the_root(self):
        command = "echo x >> log; wc -l < log; test -d chapters"
        self.lesson(f"<!-- output: {command} -->\n```\n```\n\n<!-- output: {command} -->\n```\n```\n")
        self.assertEqual(self.run_sync().count("```\n1\n```"), 2)
        self.assertEqual((self.root / "log").read_text(), "x\n")

    def test_a_failing_command_is_an_error_that_shows_stderr(self):
        self.lesson("<!-- output: echo broken >&2; exit 3 -->\n```\nkept\n```\n")
        self.assertIn("kept", self.run_sync())
        self.assertEqual(self.code, 2)
        self.assertIn("exit code 3", self.said)
        self.assertIn("broken", self.said)

    def test_a_command_that_never_ends_is_an_error(self):
        problem = sync.Outputs(self.root, time_limit=0.2).run("exec tail -f /dev/null")
        self.assertIsInstance(problem, sync.Problem)

    def test_samples_run_only_when_asked_and_count_by_shape(self):
        text = "<!-- sample: printf 'speed   12.5 GB/s\\n' -->\n```\nspeed 3.75 GB/s\n```\n"
        self.lesson(text)
        self.assertEqual(self.run_sync(check=True, samples=True), text)
        self.assertEqual(self.code, 0, self.said)
        self.lesson(text.replace("speed 3.75 GB/s", "speed 3.75 MB/s"))
        self.run_sync(check=True)
        self.assertEqual(self.code, 0)
        self.run_sync(check=True, samples=True)
        self.assertEqual(self.code, 1)
        self.assertIn("speed   12.5 GB/s", self.run_sync(samples=True))

    def test_a_marker_inside_a_fenced_block_is_text(self):
        text = "````\n<!-- code: nowhere.hpp -->\n```\n```\n````\n    <!-- code: nowhere.hpp -->\n"
        self.lesson(text)
        self.assertEqual(self.run_sync(), text)
        self.assertEqual(self.code, 0, self.said)

    def test_one_chapter_alone(self):
        self.lesson("<!-- output: echo new -->\n```\nold\n```\n")
        self.lesson("<!-- output: echo new -->\n```\nold\n```\n", "chapters/02_b/README.md")
        self.assertIn("old", self.run_sync(chapter="2"))
        self.assertIn("new", (self.root / "chapters/02_b/README.md").read_text())
        with self.assertRaisesRegex(sync.Problem, "no chapter 7"):
            self.run_sync(chapter="7")

    def test_docs_and_the_front_page_are_kept_too(self):
        self.lesson("# T\n")
        self.lesson("<!-- output: echo new -->\n```\n```\n", "docs/deep/page.md")
        self.lesson("<!-- output: echo new -->\n```\n```\n", "README.md")
        self.run_sync()
        for name in ("docs/deep/page.md", "README.md"):
            self.assertIn("new", (self.root / name).read_text())

    def assert_problem(self, lesson, message):
        self.lesson(lesson)
        self.assertEqual(self.run_sync(), lesson)
        self.assertEqual(self.code, 2, self.said)
        self.assertRegex(self.said, message)

    def test_markers_that_cannot_be_followed_are_errors(self):
        block = "\n```\n```\n"
        self.assert_problem("<!-- code: 01_a/code.hpp [two] -->\ntext\n", r"README.md:1: no fenced block follows")
        self.assert_problem("<!-- code: 01_a/code.hpp [two] -->", "no fenced block follows")
        self.assert_problem("<!-- code: 01_a/none.hpp -->" + block, "no file 01_a/none.hpp")
        self.assert_problem("<!-- code: 01_a/code.hpp [three] -->" + block, r"code.hpp: there is no region \[three\]")
        self.assert_problem("<!-- code: 01_a/code.hpp two -->" + block, "not of the form")
        self.assert_problem("<!-- ouput: ls -->" + block, "unknown marker 'ouput'")
        self.assert_problem("<!-- code: 01_a/code.hpp -->\n```\n", "never closed")
        self.assert_problem("<!-- output: echo '```' -->" + block, "longer fence")

    def test_regions_must_be_opened_and_closed_once(self):
        for text, message in (("// [r]\nx\n", "never closed"), ("x\n// [/r]\n", "not open"),
                              ("// [r]\n// [/r]\n// [r]\n// [/r]\n", "marked twice, in lines 1 and 3"),
                              ("// [r]\n// [r]\n// [/r]\n", "marked twice")):
            with self.assertRaisesRegex(sync.Problem, message):
                sync.region(text, "r")


if __name__ == "__main__":
    unittest.main()
