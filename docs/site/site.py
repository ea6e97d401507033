#!/usr/bin/env python3
"""Renders the book as a site, offline: ./book docs. The same Markdown that a code host shows becomes Doxygen's.

Pages: the front page (README.md), the chapters in order, each with its exercises, and the appendices in docs/. Every page
ends with links to the one before and the one after. Doxygen's warnings, links that lead nowhere and formulas that MathJax
would not find are errors. The site lies in build/site/html.
"""

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import repairs
from anchors import anchor, slug
from search_index import write_search_index

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "build" / "site"
THEME = Path("/usr/share/doxygen-awesome-css")
MATHJAX = Path("/usr/share/javascript/mathjax")
# Of MathJax's 60 MB what a page with TeX asks for; fonts as WOFF alone.
MATHJAX_PARTS = ["MathJax.js", "extensions", "jax/element", "jax/input/TeX", "jax/output/HTML-CSS/jax.js",
                 "jax/output/HTML-CSS/config.js", "jax/output/HTML-CSS/imageFonts.js", "jax/output/HTML-CSS/autoload",
                 "jax/output/HTML-CSS/fonts/TeX", "fonts/HTML-CSS/TeX/woff"]
APPENDICES = ["install.md", "trainer_reference.md", "hosts.md", "gpu.md", "instructor.md", "glossary.md", "notation.md", "bibliography.md",
              "add_a_chapter.md"]
LANGUAGES = {"cpp": ".cpp", "python": ".py"}   # all others are shown as they are


# Doxygen 1.9.4 cannot place a specialisation of a template that it has not read.
KNOWN = "Internal inconsistency: scope for class fmt::formatter"


class Page:
    def __init__(self, source, name, short):
        self.source, self.name, self.short = source, name, short
        self.text = source.read_text(encoding="utf-8")
        self.title = next(line[2:].strip() for line in self.text.splitlines() if line.startswith("# "))


def pages():
    """All pages, in reading order."""
    found = [Page(ROOT / "README.md", "index", "The book")]
    for lesson in sorted(ROOT.glob("chapters/[0-9][0-9]_*/README.md")):
        slug = lesson.parent.name
        found.append(Page(lesson, f"chapter_{slug}", slug[:2]))
        exercises = ROOT / "exercises" / slug / "README.md"
        if exercises.is_file():
            found.append(Page(exercises, f"exercises_{slug}", f"Exercises {slug[:2]}"))
    for name in APPENDICES:
        if (ROOT / "docs" / name).is_file():
            found.append(Page(ROOT / "docs" / name, f"appendix_{name.removesuffix('.md')}", "Appendix"))
    return found


class Translator:
    """One page, from a code host's Markdown to Doxygen's."""

    def __init__(self, page, by_source, mistakes):
        self.page, self.by_source, self.mistakes = page, by_source, mistakes
        self.headings, self.stem = {}, ""

    def mistake(self, what):
        self.mistakes.append(f"{self.page.source.relative_to(ROOT)}: {what}")

    SPANS = re.compile(r"\$`(?P<formula>[^`]+)`\$"
                       r"|(?P<bang>!?)\[(?P<label>(?:`[^`]*`|[^\[\]])*)\]\((?P<path>[^)\s#]*)(?:#(?P<fragment>[^)\s]+))?\)"
                       r"|(?P<ticks>`+)(?P<code>.+?)(?P=ticks)(?!`)", re.S)

    def text(self, text):
        """Running text, which may go over several lines: formulas, links and code."""
        text = re.sub(r"\*\*(?=\S)((?:`[^`]*`|[^*`]|\*(?!\*))+)\*\*", r"<b>\1</b>", text)  # Doxygen wants a letter beside the stars
        text = re.sub(r'"([^"`]*`[^`]+`[^"`]*)"', r"&quot;\1&quot;", text)                # ... no command between quotation marks
        if text.startswith("$`"):                                      # ... and at the start of what is no more a list
            text = "\u200b" + text
        return self.SPANS.sub(self.span, text)

    def span(self, match):
        if match["formula"]:
            return f"\\f$ {match['formula']} \\f$"
        if match["code"]:
            return self.file_name(match["code"]) or self.code(match["code"])
        label, path, fragment = match["label"], match["path"], match["fragment"]
        if re.match(r"[a-z]+:", path):
            return match[0]
        target = (self.page.source.parent / path).resolve() if path else self.page.source
        if match["bang"]:
            return f"![{' '.join(label.replace('`', '').split())}]({target.name})"
        if target.is_dir() and (target / "README.md").is_file():
            target /= "README.md"
        if not target.exists():
            self.mistake(f"the link to {path} leads nowhere")
        label = " ".join(label.replace('"', "'").replace("`", "").split())
        if target in self.by_source:
            page = self.by_source[target]
            return f'\\ref {anchor(page, fragment) if fragment else page.name} "{label}"'
        return self.file_reference(target, label)

    def file_name(self, code):
        """In a lesson, if the code is the name of a file of its chapter or the ending of the one named last: a reference to it."""
        named = re.fullmatch(r"([\w/.]*)(\.hpp|\.cpp|\.cu)", code)
        if not named or not self.page.name.startswith("chapter_"):
            return None
        self.stem = named[1] or self.stem
        file = (self.page.source.parent / (self.stem + named[2])).resolve()
        return self.file_reference(file, code) if file.is_file() else None

    @staticmethod
    def file_reference(target, label):
        """To the source's own page, for files that Doxygen reads; resolve_sources() knows later where that is."""
        if target.suffix in (".hpp", ".cpp", ".cu") and target.relative_to(ROOT).parts[0] in ("chapters", "common"):
            return Translator.code(label).replace("<code>", f'<a href="source:{target.relative_to(ROOT)}"><code>').replace(
                "</code>", "</code></a>")
        return Translator.code(label)

    @staticmethod
    def code(text):
        """As HTML that Doxygen does not touch: its own code spans give way to | in a table, and to @, \\ and --."""
        special = set("|@\\*_%~[]:$#&<>'\"-`")
        inner = "".join(f"&#{ord(c)};" if c in special else c for c in " ".join(text.split()))
        return f"@htmlonly<code>{inner}</code>@endhtmlonly"

    def heading(self, level, text):
        if level == 1:
            return f"# {text} {{#{self.page.name}}}\n\n[TOC]" if self.page.name != "index" else f"# {text} {{#mainpage}}"
        name = slug(text)
        if name in self.headings:
            self.mistake(f"two headings are called “{text}”")
        self.headings[name] = text
        plain = re.sub(r"`([^`]*)`", r"\1", text)
        return f"{'#' * level} {plain} {{#{anchor(self.page, name)}}}"

    def translate(self):
        out, running, fence, math = [], [], None, False

        def end_of_text():
            if running:
                out.append(self.text("\n".join(running)))
                running.clear()

        for line in self.page.text.splitlines():
            if fence is not None:
                closes = line.strip() == fence
                if closes:
                    out.append("\\f]" if math else line)
                    fence = None
                else:
                    out.append(line)
                continue
            opening = re.match(r"\s*(`{3,})(\w*)\s*$", line)
            source = re.match(r"<!-- (code|output|sample): (\S+)(.*?) -->$", line)
            heading = re.match(r"(#+) (.+)$", line)
            details = re.match(r"<details><summary>(.*)</summary>$", line)
            if opening or source or heading or details or not line.strip() or line.startswith(("<!--", "</details>")):
                end_of_text()
            else:
                running.append(line)
                continue
            if opening:
                fence, language = opening[1], opening[2]
                math = language == "math"
                out.append("\\f[" if math else f"{fence}{{{LANGUAGES.get(language, '.unparsed')}}}")
            elif source:
                path, rest = source[2], source[3]
                if source[1] == "code":
                    file = ROOT / "chapters" / path
                    file = file if file.is_file() else ROOT / path
                    out.append(f'\n<div class="from">{self.file_reference(file, path)}</div>\n')
                else:
                    command = html.escape((path + rest).strip())
                    out.append(f'\n@htmlonly<div class="from"><code>{command}</code></div>@endhtmlonly\n')
            elif details:
                out.append(f"@htmlonly[block]<details><summary>{details[1]}</summary>@endhtmlonly\n")
            elif line == "</details>":
                out.append("@htmlonly[block]</details>@endhtmlonly\n")
            elif heading:
                out.append(self.heading(len(heading[1]), heading[2].strip()))
            elif not line.strip():
                out.append("")
        end_of_text()
        return "\n".join(out) + "\n"


def pager(before, after):
    def link(page, label, side):
        if page is None:
            return f'<span class="{side}"></span>'
        file = "index.html" if page.name == "index" else f"{page.name}.html"
        title = html.escape(re.sub(r"[`$]", "", page.title))
        return f'<a class="{side}" rel="{side}" href="{file}"><small>{label}</small><br/>{title}</a>'
    return (f'\n@htmlonly[block]<nav class="pager">{link(before, "before", "prev")}{link(after, "next", "next")}</nav>'
            "@endhtmlonly\n")


def contents(all_pages):
    """The front page's list of all pages: it makes the order in the sidebar."""
    lines = ["", "## Contents {#index__contents}", ""]
    for page in all_pages[1:]:
        if page.name.startswith("exercises_"):
            continue
        lines.append(f"- @subpage {page.name}")
    return "\n".join(lines) + "\n"


def write_input(all_pages):
    """The translated pages in build/site/input. Returns what is wrong with them."""
    mistakes = []
    folder = SITE / "input"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    by_source = {page.source: page for page in all_pages}
    for i, page in enumerate(all_pages):
        text = Translator(page, by_source, mistakes).translate()
        exercises = next((p for p in all_pages if p.name == page.name.replace("chapter_", "exercises_")), None)
        if page.name == "index":
            text += contents(all_pages)
        elif page.name.startswith("chapter_") and exercises:
            text += ("\n@htmlonly[block]<div class=\"subpage\">@endhtmlonly\n"    # for the sidebar alone
                     f"\n- @subpage {exercises.name}\n\n@htmlonly[block]</div>@endhtmlonly\n")
        text += pager(all_pages[i - 1] if i else None, all_pages[i + 1] if i + 1 < len(all_pages) else None)
        (folder / f"{i:02}_{page.name}.md").write_text(text, encoding="utf-8")
    return mistakes


def run_doxygen():
    """Returns Doxygen's warnings."""
    shutil.rmtree(SITE / "html", ignore_errors=True)
    images = " ".join(sorted({str(svg.parent) for svg in ROOT.glob("chapters/*/*.svg")} | {str(ROOT / "docs")}))
    environment = {**os.environ, "BOOK": str(ROOT), "SITE": str(SITE), "THEME": str(THEME), "IMAGES": images}
    done = subprocess.run(["doxygen", str(ROOT / "docs" / "site" / "Doxyfile")], cwd=ROOT, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace")
    said = [line for line in done.stderr.splitlines() if line.strip() and KNOWN not in line]
    if done.returncode and not said:
        said = [f"doxygen ended with code {done.returncode}"]
    return [line.replace(str(ROOT) + "/", "") for line in said]


def resolve_sources():
    """Links to sources, of which Doxygen's tag file says where they are. Returns what is not there."""
    pages_of = {}
    for compound in ElementTree.parse(SITE / "tags.xml").iterfind("compound[@kind='file']"):
        path = Path(compound.findtext("path")) / compound.findtext("name")
        file = compound.findtext("filename")
        pages_of[str(path).replace(str(ROOT) + "/", "")] = file.removesuffix(".html") + "_source.html"
    mistakes = []
    for page in (SITE / "html").glob("*.html"):
        text = page.read_text(encoding="utf-8", errors="replace")
        if "source:" not in text:
            continue
        for path in set(re.findall(r'href="source:([^"]+)"', text)):
            if path not in pages_of or not (SITE / "html" / pages_of[path]).is_file():
                mistakes.append(f"{page.name}: {path} has no page")
            text = text.replace(f'href="source:{path}"', f'href="{pages_of.get(path, "")}"')
        page.write_text(text, encoding="utf-8")
    return mistakes


def copy_mathjax():
    for part in MATHJAX_PARTS:
        source, target = MATHJAX / part, SITE / "html" / "mathjax" / part
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def main():
    for needed, package in ((THEME, "doxygen-awesome-css"), (MATHJAX, "libjs-mathjax")):
        if not needed.is_dir():
            print(f"book: the site needs {package}", file=sys.stderr)
            return 2
    book = pages()
    mistakes = write_input(book) + run_doxygen() + resolve_sources() + repairs.repair_pages(SITE / "html", book)
    repairs.write_menu(SITE / "html", book)
    write_search_index(book, SITE)
    copy_mathjax()
    if mistakes:
        print("\n".join(mistakes), file=sys.stderr)
        print(f"the site has {len(mistakes)} mistakes", file=sys.stderr)
        return 1
    print(f"{SITE.relative_to(ROOT)}/html/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
