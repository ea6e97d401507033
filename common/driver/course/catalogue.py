"""The exercises of the book, as exercises/NN_slug/README.md describes them.

A README has one section for each exercise, in order:

    ## 09.2 A split that keeps the classes

    `stratified_split.cpp` · 4 points · 25 minutes

    The task, in any Markdown.

    <details><summary>Hint 1</summary>

    Text.

    </details>
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

HEADING = re.compile(r"^## (\d\d)\.(\d+) (.+)$", re.M)
FACTS = re.compile(r"^`(\w+\.(?:cpp|cu))` · (\d+) points? · (\d+) minutes$", re.M)
HINT = re.compile(r"<details><summary>Hint (\d+)</summary>\n\n(.*?)\n\n</details>", re.S)


class Mistake(Exception):
    """What the person at the keyboard can repair; printed as one sentence, exit code 2."""


@dataclass
class Exercise:
    chapter: str            # "09_averaging"
    number: int
    title: str
    file: str               # "stratified_split.cpp"
    points: int
    minutes: int
    task: str
    hints: list = field(default_factory=list)

    @property
    def id(self):
        return f"{self.chapter[:2]}.{self.number}"

    @property
    def name(self):
        return self.file.rpartition(".")[0]

    @property
    def target(self):
        return f"{self.chapter}_{self.name}"

    @property
    def skeleton(self):
        return Path("exercises", self.chapter, self.file)

    @property
    def solution(self):
        return Path("solutions", self.chapter, self.file)

    @property
    def tests(self):
        return Path("tests", "exercises", self.chapter, f"{self.name}_test.cpp")

    def wrong(self, root=ROOT):
        return sorted((root / self.tests).parent.glob(f"wrong/{self.name}/*{Path(self.file).suffix}"))

    def test_names(self, root=ROOT):
        """As the source of the tests lists them: what a report must hold, whatever the program under test says."""
        return re.findall(r"^TEST(?:_F)?\(\w+, (\w+)\)", (root / self.tests).read_text(encoding="utf-8"), re.M)


def read(readme):
    """The exercises of one README; throws Mistake where it is not as described above."""
    text = readme.read_text(encoding="utf-8")
    headings = list(HEADING.finditer(text))
    found = []
    for heading, following in zip(headings, headings[1:] + [None]):
        body = text[heading.end():following.start() if following else len(text)]
        facts = FACTS.search(body)
        if not facts:
            raise Mistake(f"{readme}: {heading[1]}.{heading[2]} lacks the line `file.cpp` · N points · N minutes")
        first_hint = HINT.search(body)
        found.append(Exercise(chapter=readme.parent.name, number=int(heading[2]), title=heading[3], file=facts[1],
                              points=int(facts[2]), minutes=int(facts[3]),
                              task=body[facts.end():first_hint.start() if first_hint else len(body)].strip(),
                              hints=[hint[2].strip() for hint in HINT.finditer(body)]))
    return found


def catalogue(root=ROOT):
    """All exercises, in the order of the book."""
    return [exercise for readme in sorted(Path(root).glob("exercises/[0-9][0-9]_*/README.md")) for exercise in read(readme)]


def find(exercises, wanted):
    """Those meant by "09.2", "9.2", by the file "stratified_shard.cpp" with or without folder and ending, or by "09" for a
    chapter."""
    named = [e for e in exercises if Path(wanted).name in (e.file, e.name, f"{e.name}.hpp")]
    if named:
        return named
    match = re.fullmatch(r"(\d{1,2})(?:\.(\d+)|_\w+/?)?", wanted)
    if not match:
        raise Mistake(f"'{wanted}' is no exercise; they are called 09.2, and ./book status lists them")
    chapter, number = f"{int(match[1]):02}", match[2]
    found = [e for e in exercises if e.chapter[:2] == chapter and (number is None or e.number == int(number))]
    if not found:
        raise Mistake(f"there is no exercise {chapter}{'.' + number if number else ''}; ./book status lists them")
    return found
