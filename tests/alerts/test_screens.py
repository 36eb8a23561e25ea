"""The letter in a real browser: nothing runs over the edge, and everything can be read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alerts.render import render
from tests.alerts.samples import hostile, quiet, rich

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine to look at the letter with"
)

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
WIDTHS = (320, 375, 640)

#: Visible text whose contrast with what lies behind it is below WCAG AA (4.5, or 3 for large text).
FAINT = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  const faint = [], seen = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, e = node.parentElement, style = getComputedStyle(e);
    if (!node.data.trim() || !e.checkVisibility() || style.opacity === '0') continue;
    const [a, b] = [light(parse(style.color)), light(behind(e))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), bold = parseInt(style.fontWeight) >= 700;
    const needed = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    const ratio = (a + 0.05) / (b + 0.05);
    seen.push(ratio);
    if (ratio < needed) faint.push([node.data.trim().slice(0, 40), e.className, ratio.toFixed(2)]);
  }
  return {faint, seen: seen.length};
}"""

#: Elements that reach over the right edge, and how far the page scrolls sideways.
WIDE = """() => ({
  scroll: document.documentElement.scrollWidth,
  over: [...document.body.querySelectorAll('*')].filter(e => e.checkVisibility())
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => [e.tagName, e.className, e.textContent.trim().slice(0, 40)]),
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


LETTERS = {
    "a rich day": (rich(), "en"),
    "a rich day in Chinese": (rich(), "zh"),
    "a quiet day": (quiet(), "en"),
    "one endless word": (hostile("Donaudampfschiff" * 400, "https://fine.example/" + "x" * 900), "en"),
    "endless Chinese": (hostile("超长标题" * 900, "https://fine.example/"), "zh"),
    "marks and overrides": (hostile("\u202e\u0627\u0644\u0639" + "z\u0301" * 90 + "#" * 300, ""), "en"),
}


@pytest.mark.parametrize("name", LETTERS)
def test_nothing_runs_over_the_edge_from_320_to_640_pixels(browser: Browser, name: str) -> None:
    digest, language = LETTERS[name]
    page = browser.new_page()
    page.set_content(render(digest, "html", language=language, unsubscribe="https://lists.example/u/1"))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found = page.evaluate(WIDE)
        assert found["scroll"] <= width, (width, found["over"][:5])
        assert not found["over"], (width, found["over"][:5])
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_has_the_contrast_of_wcag_aa(browser: Browser, scheme: str) -> None:
    page = browser.new_page(
        viewport={"width": 640, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    for digest in (rich(), quiet()):
        page.set_content(render(digest, "html", unsubscribe="https://lists.example/u/1"))
        found = page.evaluate(FAINT)
        assert found["faint"] == []
        assert found["seen"] > 10
    page.close()


def test_dark_mode_darkens_the_sheet_and_lightens_every_word(browser: Browser) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
        page.set_content(render(rich(), "html"))
        shades[scheme] = page.evaluate(
            "() => ['.sheet', '.bg'].map(s => getComputedStyle(document.querySelector(s)).backgroundColor)"
        )
        page.close()
    assert shades["light"] == ["rgb(253, 252, 249)", "rgb(237, 234, 227)"]
    assert shades["dark"] == ["rgb(27, 30, 36)", "rgb(18, 20, 23)"]


def test_the_letter_needs_no_network_and_runs_no_script(browser: Browser) -> None:
    asked: list[str] = []
    spoilt = hostile(
        "<img src=http://evil.example/x.png onerror=alert(1)><script>document.title='x'</script>", ""
    )
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(render(replace(spoilt, day=rich().day), "html"))
    assert asked == []
    assert page.title().startswith("23 Nov 2026")
    page.close()


def test_a_picture_of_the_letter_can_be_taken(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.set_content(render(rich(), "html"))
    page.screenshot(path=str(tmp_path / "letter.png"), full_page=True)
    page.close()
    assert (tmp_path / "letter.png").stat().st_size > 50_000
