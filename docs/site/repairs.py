"""What Doxygen 1.9.4 writes otherwise than a book should have it, put right in the finished pages."""

import json
import re
from html import escape, unescape


def repair_pages(html, all_pages):
    """A title such as “12. NCCL” is no list of one item; there is no space more than the author's before code, and short code
    is not broken at its hyphens. Returns the pages whose title is still not what it should be."""
    def whole(match):
        return f'<code class="whole">{match[1]}</code>' if len(unescape(match[1])) <= 28 else match[0]

    mistakes = []
    for page in all_pages:
        file = html / f"{page.name}.html"
        text = re.sub(r' ((?:<a href="[^"]*">)?<code>)', r"\1", file.read_text(encoding="utf-8"))
        text = re.sub(r"<code>([^<]*)</code>", whole, text)
        number = re.match(r"(\d+\.) ", page.title)
        if number:
            text = re.sub(r'(<div class="title">)<ol type="1">\s*<li>(.*?)</li>\s*</ol>', rf"\g<1>{number[1]} \2", text, count=1)
            if f'<div class="title">{number[1]} ' not in text:
                mistakes.append(f"{file.name}: the title has lost its number")
        file.write_text(text, encoding="utf-8")
    return mistakes


def write_menu(html, all_pages):
    """The menu at the top, which on a phone is the only one: the chapters, the appendices, and Doxygen's own under “Code”."""
    file = html / "menudata.js"
    licence, _, data = file.read_text(encoding="utf-8").partition("var menudata=")
    doxygens = json.loads(re.sub(r"\b(text|url|children):", r'"\1":', data))["children"]
    entries = {"chapter": [], "appendix": []}
    for page in all_pages:
        kind = page.name.split("_")[0]
        if kind in entries:
            entries[kind].append({"text": escape(re.sub(r"[`$]", "", page.title)), "url": f"{page.name}.html"})
    menu = [{"text": "The book", "url": "index.html"},
            {"text": "Chapters", "url": entries["chapter"][0]["url"], "children": entries["chapter"]},
            {"text": "Appendices", "url": entries["appendix"][0]["url"], "children": entries["appendix"]},
            {"text": "Code", "url": "annotated.html",
             "children": [entry for entry in doxygens if entry["url"] not in ("index.html", "pages.html")]}]
    file.write_text(licence + "var menudata=" + json.dumps({"children": menu}, ensure_ascii=False) + "\n", encoding="utf-8")
