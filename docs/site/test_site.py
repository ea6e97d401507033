#!/usr/bin/env python3
"""Reads the rendered site in a browser: page after page to the end and back, on a desktop and on a phone, formulas, menu,
search, dark and light, errors, requests.

Needs chromium and chromedriver (Debian: chromium-driver), driven by the WebDriver protocol; without them it is skipped (77).
Run ./book docs first.
"""

import http.server
import json
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "build" / "site" / "html"
patience = 180                 # seconds for an answer: the machine may have much else to do
phone, desktop = (390, 844), (1280, 1600)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=str(HTML))

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class Browser:
    """A headless Chromium, as far as this test needs it."""

    def __init__(self):
        port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1600"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        deadline = time.monotonic() + patience
        while True:                                # until the driver listens
            try:
                session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
                break
            except OSError:
                if time.monotonic() > deadline:
                    self.driver.kill()
                    raise
                time.sleep(0.1)
        self.session = f"/session/{session['sessionId']}"

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=patience) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def run(self, script):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": []})

    def wait_for(self, script):
        deadline = time.monotonic() + patience
        while not self.run(script):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def resize(self, size):
        """To a window of (width, height), which below 700 is a phone's."""
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 700}
        self.call("POST", self.session + "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def log(self, kind):
        return self.call("POST", self.session + "/se/log", {"type": kind})

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.server = Server(("127.0.0.1", port), QuietHandler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.base = f"http://127.0.0.1:{port}/"
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.server.shutdown()

    def settled(self):
        """Formulas are typeset; returns how many there are."""
        ready = "return typeof MathJax == 'undefined' || (MathJax.isReady && !MathJax.Hub.queue.pending && " \
                "MathJax.Hub.queue.queue.length == 0)"
        self.assertTrue(self.browser.wait_for(ready), f"{self.browser.run('return location.href')}: MathJax does not come to an end")
        return self.browser.run("return document.querySelectorAll('.MathJax, .MathJax_Display').length")

    def check_page(self, name):
        formulas = self.settled()
        broken = self.browser.run("return [...document.querySelectorAll('.MathJax_Error, .merror, .noError')].map(e => e.textContent)")
        self.assertEqual(broken, [], f"{name}: formulas that cannot be typeset")
        images = self.browser.run("return [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
        self.assertEqual(images, [], f"{name}: pictures that are not there")
        left = self.browser.run("""
            const page = document.querySelector('.contents').cloneNode(true);
            page.querySelectorAll('code, pre, script, .fragment, [class^=MathJax]').forEach(e => e.remove());
            return page.textContent.match(/.{0,20}(\\*\\*|`|@htmlonly|\\\\f[\\[$]|&#).{0,20}/)?.[0]""")
        self.assertIsNone(left, f"{name}: signs of the source were left as text")
        for size in (desktop, phone):
            self.browser.resize(size)
            wide = self.browser.run("""return [document.documentElement, document.querySelector('.contents')]
                                       .map(e => e.scrollWidth - e.clientWidth)""")
            self.assertLessEqual(max(wide), 1, f"{name}: something is wider than the page at a width of {size[0]}")
        self.browser.resize(desktop)
        return formulas

    def test_the_whole_book_page_by_page_and_back(self):
        self.browser.open(self.base + "index.html")
        seen, titles, formulas = [], [], 0
        while True:
            name, title, before, following = self.browser.run("""
                const link = side => document.querySelector(`nav.pager a.${side}`)?.href ?? null;
                return [location.pathname.split('/').pop(), document.querySelector('.title').innerText, link('prev'), link('next')]""")
            self.assertNotIn(name, seen)
            self.assertEqual(before, self.base + seen[-1] if seen else None, f"{name}: the way back")
            seen.append(name)
            titles.append(title)
            formulas += self.check_page(name)
            if following is None:
                break
            self.browser.run("document.querySelector('nav.pager a.next').click()")
            self.assertTrue(self.browser.wait_for(f"return location.href == '{following}' && document.readyState == 'complete'"))
        chapters = [c.parent.name for c in sorted(ROOT.glob("chapters/[0-9][0-9]_*/README.md"))]
        self.assertEqual([name for name in seen if name.startswith("chapter_")], [f"chapter_{c}.html" for c in chapters])
        self.assertEqual([title[:3] for name, title in zip(seen, titles) if name.startswith("chapter_")], [f"{c[:2]}." for c in chapters])
        self.assertGreater(formulas, 100)
        self.browser.run("document.querySelector('nav.pager a.prev').click()")
        self.assertTrue(self.browser.wait_for(f"return location.pathname == '/{seen[-2]}'"))

        severe = [entry["message"] for entry in self.browser.log("browser") if entry["level"] == "SEVERE"
                  and "favicon.ico" not in entry["message"] and "about:blank" not in entry["message"]]  # MathJax's
        self.assertEqual(severe, [])
        requests = [json.loads(entry["message"])["message"] for entry in self.browser.log("performance")]
        urls = {r["params"]["request"]["url"] for r in requests if r["method"] == "Network.requestWillBeSent"}
        outside = sorted(u for u in urls if not u.startswith((self.base, "data:", "chrome:", "about:", "blob:")))
        self.assertEqual(outside, [], "requests that leave this machine")

    def test_search_finds_all_reduce(self):
        self.browser.open(self.base + "index.html")
        self.settled()
        for words, page in (("all-reduce", "chapter_10_collectives"), ("all_reduce", "Communicator"), ("bias correction", "03_optim")):
            self.browser.run(f"const f = document.getElementById('book-search-words'); f.value = '{words}'; "
                             "f.dispatchEvent(new Event('input'))")
            found = self.browser.run("return [...document.querySelectorAll('#book-search-results a')].map(a => "
                                     "[a.textContent, a.href])")
            self.assertTrue(found, f"the search finds nothing for {words}")
            self.assertTrue(any(page in url for _, url in found), found)
            self.assertTrue(all((HTML / url.split("/")[-1].split("#")[0]).is_file() for _, url in found), found)

    def test_a_phone_has_the_chapters_in_its_menu(self):
        self.browser.resize(phone)
        self.browser.open(self.base + "index.html")
        self.settled()
        self.browser.run("document.querySelector('.main-menu-btn').click(); "
                         "document.querySelectorAll('#main-menu > li > a .sub-arrow')[0].click()")
        self.assertTrue(self.browser.wait_for("return [...document.querySelectorAll('#main-menu a')]"
                                              ".some(a => a.offsetParent && a.href.endsWith('chapter_01_tensors.html'))"))
        self.browser.resize(desktop)

    def test_the_button_changes_dark_and_light(self):
        self.browser.open(self.base + "chapter_01_tensors.html")
        self.settled()
        page = "return getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector('.fragment')).color"
        before = self.browser.run(page)
        for same in (False, True):
            self.browser.run("document.querySelector('doxygen-awesome-dark-mode-toggle').click()")
            self.assertEqual(self.browser.run(page) == before, same)


if __name__ == "__main__":
    if not shutil.which("chromedriver") or not HTML.is_dir():
        print("skipped: no chromedriver, or the site is not rendered")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], "-q", *sys.argv[1:]])
