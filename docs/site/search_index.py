"""What the search of the site looks through: search.js reads it."""

import json
import re
from xml.etree import ElementTree

from anchors import anchor, slug


def plain(text):
    """A section as running text, without its heading and Markdown's signs."""
    text = re.sub(r"^(#|\s*```).*$|^\|[-:| ]+\|$|</?(details|summary)>", " ", text, flags=re.M)
    text = re.sub(r"!?\[([^\]\n]*)\]\([^)\n]*\)", r"\1", text)
    return " ".join(re.sub(r"\$`|`\$|`|\*|\|", " ", text).split())


def write_search_index(all_pages, site):
    """Every section of the prose, and every documented name of the code, for search.js."""
    entries = []
    for page in all_pages:
        url = f"{page.name}.html"
        for part in re.split(r"^(?=#{1,4} )", re.sub(r"<!--.*?-->", "", page.text), flags=re.M):
            heading = re.match(r"#+ (.+)", part)
            if not heading:
                continue
            title = re.sub(r"[`$]", "", heading[1])
            fragment = "" if part.startswith("# ") else "#" + anchor(page, slug(heading[1]))
            entries.append([title, "" if not fragment else page.title, url + fragment, plain(part)])
    seen = set()                                    # of a name's overloads one will do
    for compound in ElementTree.parse(site / "tags.xml").iterfind("compound"):
        kind, name = compound.get("kind"), compound.findtext("name")
        if kind in ("class", "struct"):
            entries.append([name, kind, compound.findtext("filename"), ""])
        if kind in ("class", "struct", "namespace"):
            for member in compound.iterfind("member[@kind='function']"):
                url = f"{member.findtext('anchorfile')}#{member.findtext('anchor')}"
                entry = [f"{member.findtext('name')}()", name, url, ""]
                if tuple(entry[:2]) not in seen:
                    seen.add(tuple(entry[:2]))
                    entries.append(entry)
    (site / "html" / "search_index.js").write_text("const BOOK_INDEX = " + json.dumps(entries, ensure_ascii=False) + ";\n",
                                                   encoding="utf-8")
