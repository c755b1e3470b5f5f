"""The committed pages about experiments, as a browser shows them: narrow or wide, light or dark."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from stages.runtime.config import ROOT
from tests.browser import markup, needs_browser

PAGES = sorted((ROOT / "reports" / "experiments").glob("*/index.html"))
LOOK = """<script>
const colors = getComputedStyle(document.body);
document.body.dataset.look = JSON.stringify({
  over: document.documentElement.scrollWidth - innerWidth,
  dark: matchMedia("(prefers-color-scheme: dark)").matches,
  paper: colors.backgroundColor, ink: colors.color,
});
</script>"""


def luminance(color: str) -> float:
    """Of "rgb(20, 23, 27)", relative, as WCAG 2 defines it."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(number) / 255 for number in re.findall(r"\d+", color)[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [500, 1400])
def test_a_page_fits_its_window_and_can_be_read(page: Path, dark: bool, width: int, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    policy = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')  # under which no script runs
    assert policy.search(text)
    watched = tmp_path / "index.html"
    watched.write_text(policy.sub("", text).replace("</body>", f"{LOOK}</body>"), encoding="utf-8")
    options = [f"--window-size={width},900", *(["--force-dark-mode"] if dark else [])]
    rendered = markup(watched.as_uri(), tmp_path / "profile", *options)
    written = re.search('data-look="([^"]*)"', rendered)
    assert written
    look = json.loads(unescape(written[1]))
    assert look["over"] <= 0
    assert look["dark"] == dark
    paper, ink = luminance(look["paper"]), luminance(look["ink"])
    assert (paper < ink) == dark
    assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) >= 7  # WCAG 2, AAA
