"""A browser that checks every page it opens, and what holds of every page."""

import os

# What was found; empty if all is well.
wrong = []


class Walk:
    """A browser that checks every page it opens."""

    def __init__(self, browser, address, folder):
        self.browser, self.address, self.folder = browser, address, folder
        self.seen, self.shots, self.mode = set(), 0, ""

    def open(self, path, name=None):
        self.check(path, self.browser.open(self.address + path))
        self.seen.add(path)
        if name:
            self.shot(name)

    def press(self, script, expect=None):
        """A click or submit that leads to another page."""
        self.check(script, self.browser.submit(script))
        if expect and expect not in self.text():
            wrong.append(f"{script}: the page does not say {expect!r} but {self.text()[:200]!r}")

    def text(self):
        return self.browser.run("(document.querySelector('main') || document.body).innerText")

    def check(self, what, events):
        for method, told in events:
            if method == "Runtime.exceptionThrown":
                wrong.append(f"{what} {self.mode}: exception {told['exceptionDetails']}")
            elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                wrong.append(f"{what} {self.mode}: {told['entry']['text']} {told['entry'].get('url', '')}")
            elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
                wrong.append(f"{what} {self.mode}: console {told['args']}")
            elif method == "Network.requestWillBeSent":
                url = told["request"]["url"]
                if not url.startswith((self.address + "/", "data:")):
                    wrong.append(f"{what}: a request to another host: {url}")
        over = self.browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wrong.append(f"{what} {self.mode}: {over} px wider than the window")
        for rule, script in RULES.items():
            if found := self.browser.run(script):
                wrong.append(f"{what} {self.mode}: {rule}: {found}")

    def shot(self, name):
        if self.folder:
            self.browser.shot(os.path.join(self.folder, f"{name}{self.mode}.png"))
            self.shots += 1


# What holds of every page; each script gives what breaks it.
RULES = {
    "one h1": "document.querySelectorAll('h1').length === 1 ? '' : document.querySelectorAll('h1').length",
    "a title": "document.title.endsWith('· Tripline') ? '' : document.title",
    "a language": "document.documentElement.lang ? '' : 'none'",
    "names of links and buttons": "[...document.querySelectorAll('a,button,summary')].filter(e => !(e.innerText || e.ariaLabel || e.textContent || '').trim() && !e.querySelector('img[alt]:not([alt=\"\"])') && e.checkVisibility()).map(e => e.outerHTML).join()",
    "labels": "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')].filter(e => !e.labels?.length && !e.ariaLabel).map(e => e.outerHTML).join()",
    "ids once": "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at).join()",
    "links of ours": "[...document.links].filter(a => a.origin !== location.origin).map(a => a.href).join()",
    "contrast": """(() => {
        const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
        const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
        const back = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0.5) return c; } return [255, 255, 255, 1]; };
        const out = new Set();
        for (const e of document.querySelectorAll('main *, .top *, footer *')) {
            if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || e.closest('svg,.sr,option') || !e.checkVisibility()) continue;
            const a = light(parse(getComputedStyle(e).color)), b = light(back(e));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) out.add(`${e.tagName}.${e.className} ${ratio.toFixed(2)}`);
        }
        return [...out].join('; ');
    })()""",
}


def focus(walk, path):
    """Tab by tab: something of the page has the focus, and it can be seen."""
    for step in range(12):
        walk.browser.key("Tab")
        found = walk.browser.run("""(() => {
            const e = document.activeElement;
            if (!e || e === document.body) return 'body';
            const seen = (e) => { const s = getComputedStyle(e); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0; };
            return seen(e) || (e.closest('tr') && seen(e.closest('tr'))) ? '' : e.outerHTML.slice(0, 160);
        })()""")
        if found == "body":
            return  # Past the end of a short page.
        if found:
            wrong.append(f"{path} {walk.mode}: no focus to be seen on {found}")
            return
        if step == 0 and not walk.browser.run("document.activeElement.matches('.skip,[autofocus],#name') || document.activeElement.closest('form') !== null"):
            wrong.append(f"{path}: the first stop is not the skip link")
