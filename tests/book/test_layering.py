"""Each rule of layering.py is broken once in a small tree, and must be found."""

import tempfile
import unittest
from pathlib import Path

import layering

HEADER = "#pragma once\n\nnamespace gpt {\nint f();\n}  // namespace gpt\n"


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("common/check.hpp", HEADER)
        self.write("chapters/01_a/low.hpp", '#include "common/check.hpp"\n#include <vector>\n' + HEADER)
        self.write("chapters/02_b/high.hpp", '#include "01_a/low.hpp"\n#include "02_b/other.hpp"\n' + HEADER)
        self.write("chapters/02_b/other.hpp", HEADER)

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def assert_found(self, name, text, message):
        self.write(name, text)
        found = "\n".join(layering.violations(self.root))
        self.assertIn(message, found)
        self.assertIn(name + ":", found)
        (self.root / name).unlink()

    def test_a_sound_tree_has_no_violations(self):
        self.write("README.md", "# A book\n\nSee [one](chapters/01_a/low.hpp) and [above](#a-book) and [web](https://a.b/c).\n"
                   "`[not](a-link)`\n\n```\n[nor](this)\n```\n")
        self.write("common/macros.hpp", "#pragma once\n// only a macro\n#define A(x) \\\n  f(x)\n")
        self.write("chapters/01_a/main.cpp", '#include "01_a/low.hpp"\nusing namespace gpt;\nint main() {}\n')
        self.write("book", 'rm -rf "$HOME/tmp/x" build/tmp/y\n')
        self.assertEqual(list(layering.violations(self.root)), [])

    def test_a_higher_chapter_is_not_included(self):
        self.assert_found("chapters/01_a/x.hpp", '#include "02_b/high.hpp"\n' + HEADER, "includes a higher one: 02_b/high.hpp")
        self.assert_found("chapters/01_a/x.cu", '#include "02_b/high.hpp"\n', "includes a higher one")
        self.assert_found("exercises/01_a/x.hpp", '#include "02_b/high.hpp"\n', "includes a higher one")

    def test_common_includes_no_chapter(self):
        self.assert_found("common/x.hpp", '#include "01_a/low.hpp"\n' + HEADER, "common/ includes a chapter")

    def test_files_are_included_by_their_full_names(self):
        self.assert_found("chapters/02_b/x.cpp", '#include "other.hpp"\n' + HEADER, "not an include by its full name")
        self.assert_found("chapters/02_b/x.cpp", '#include "../01_a/low.hpp"\n' + HEADER, "not an include by its full name")
        self.assert_found("chapters/02_b/x.cpp", "#include <01_a/low.hpp>\n" + HEADER, "with quotes")
        self.assert_found("chapters/02_b/x.cpp", '#include "01_a/none.hpp"\n' + HEADER, "there is no chapters/01_a/none.hpp")
        self.assert_found("chapters/02_b/x.cpp", '#include "common/none.hpp"\n' + HEADER, "there is no common/none.hpp")

    def test_no_file_is_longer_than_one_sitting(self):
        self.assert_found("chapters/01_a/x.hpp", HEADER + "// more\n" * 400, "405 lines")

    def test_code_is_in_the_namespace(self):
        self.assert_found("common/x.hpp", "int f();\n", "nothing here is in namespace gpt")
        self.assert_found("common/x.hpp", "using namespace gpt;\nint f();\n", "nothing here is in namespace gpt")

    def test_links_lead_somewhere(self):
        self.assert_found("docs/x.md", "[a](none.md)\n", "leads nowhere")
        self.assert_found("docs/x.md", "# T\n![a](#none)\n", "names a heading that is not there")
        self.assert_found("docs/x.md", "[a](../..)\n", "leads out of the repository")

    def test_no_file_names_a_path_of_one_machine(self):
        for path in ("/home/ada/book", "see /tmp/x", 'f("/root/x")'):
            self.assert_found("common/notes.txt", path + "\n", "a path of one machine")


if __name__ == "__main__":
    unittest.main()
