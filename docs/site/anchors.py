"""Where a heading is found: on a code host, and on the site."""

import re


def slug(heading):
    """The anchor that a code host gives a heading."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).strip().replace(" ", "-")


def anchor(page, fragment):
    return page.name + "__" + re.sub(r"[^a-z0-9]+", "_", fragment.lower()).strip("_")
