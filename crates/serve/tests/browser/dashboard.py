"""Clicks through the dashboard of a running service and says what is wrong with it.

usage: dashboard.py ADDRESS TOKEN UPLOAD.csv SAMPLES.ndjson [FOLDER for pictures]

ADDRESS is such as http://127.0.0.1:5003 of a fresh service without keys, TOKEN its first-start
token, UPLOAD.csv a file of labelled flows, SAMPLES.ndjson records that its model takes. With
TRIPLINE_TEST_LOGIN=ADDRESS,NAME,PASSWORD it logs in to a second service, which needs keys. Exit code
0 and `browser test passed` if nothing is wrong.
"""

import os
import subprocess
import sys
import urllib.request

import cdp
from session import session
from walk import Walk, focus, wrong

BUDGET = 200_000
SIZES = [(1280, 860, "light"), (380, 800, "dark"), (1280, 860, "dark"), (380, 800, "light")]


def main():
    address, token, upload, samples, *folder = sys.argv[1:]
    folder = folder[0] if folder else None
    browser = cdp.Browser(cdp.find())
    try:
        walk = Walk(browser, address, folder)
        fresh(walk)
        detections(walk, samples)
        jobs(walk, upload)
        models(walk, token)
        keys(walk)
        audit(walk)
        pages(walk)
        without_scripts(walk)
        if "TRIPLINE_TEST_LOGIN" in os.environ:
            session(walk, *os.environ["TRIPLINE_TEST_LOGIN"].split(",", 2))
    finally:
        browser.close()
        for line in wrong:
            print(line)
    if wrong:
        sys.exit(1)
    print(f"browser test passed: {len(walk.seen)} pages, {walk.shots} pictures")


def fresh(walk):
    """The first page of a fresh service: small, and says what to do."""
    walk.browser.size(*SIZES[0])
    events = walk.browser.open(walk.address + "/")
    walk.check("/", events)
    total = sum(told["encodedDataLength"] for name, told in events if name == "Network.loadingFinished")
    charts = sum(
        told["response"]["encodedDataLength"] for name, told in events
        if name == "Network.responseReceived" and told["response"]["url"].endswith(("uplot.js", "charts.js")))
    if total > BUDGET:
        wrong.append(f"the first page takes {total} bytes ({charts} of them charts), more than {BUDGET}")
    print(f"first page: {total} bytes")
    if "Send a sample" not in walk.text():
        wrong.append("a fresh overview does not offer a sample")
    walk.shot("fresh")
    # The command that the page shows works as it stands, and the page becomes the usual one.
    line = walk.browser.run("document.querySelector('#command-judge').textContent")
    form = walk.browser.run("document.querySelector('form[action=\"/ui/sample\"]').outerHTML")
    answer = subprocess.run(["bash", "-c", line], capture_output=True, text=True).stdout
    if '"threat_detected":true' not in answer:
        wrong.append(f"the first page's command gives no detection: {line}: {answer[:300]}")
    walk.browser.until("!document.querySelector('[data-welcome]') && !!document.querySelector('[data-part=tiles] .tile')")
    walk.browser.settle()
    # The button of the page that was there before.
    walk.press(f"(() => {{ const t = document.createElement('template'); t.innerHTML = {form!r}; document.body.append(t.content.firstChild); document.querySelector('form[action=\"/ui/sample\"]').submit(); }})()", "A sample was judged")
    walk.press("document.querySelector('a.brand').click()")


def detections(walk, samples):
    """Live rows, the list with filters, one detection, feedback, the theme."""
    browser = walk.browser
    before = browser.run("document.querySelectorAll('tbody[data-live=rows] tr').length")
    browser.until("document.querySelector('[data-live-state]').classList.contains('on')")
    with open(samples) as file:
        lines = file.read().splitlines()
    for line in lines:
        ask = urllib.request.Request(
            walk.address + "/api/v1/predict/flow?missing_columns=fill&reasons=all&durable=true",
            data=line.encode(), headers={"content-type": "application/json"})
        urllib.request.urlopen(ask).read()
    shown = "Number(document.querySelector('[data-part=tiles] .tile b').textContent)"
    rows = browser.until(f"document.querySelectorAll('tbody[data-live=rows] tr').length > {before} && document.querySelectorAll('tbody[data-live=rows] tr').length")
    if rows < before + len(lines):
        wrong.append(f"{rows} live rows after {len(lines)} detections beside {before}")
    # The counters follow without a reload.
    try:
        browser.until(f"{shown} >= {before + len(lines)}")
    except TimeoutError:
        wrong.append(f"the counters say {browser.run(shown)} after {before} and {len(lines)} detections")
    walk.shot("overview-live")
    walk.open("/ui/?by=kind&span=7d", "overview-kinds")
    if browser.run("document.querySelectorAll('figure .uplot canvas').length") != 1:
        wrong.append("the chart is not drawn")

    walk.open("/ui/detections", "detections")
    total = browser.run("document.querySelectorAll('tbody tr').length")
    walk.press("(() => { const f = document.querySelector('form.filters'); f.elements.kind.selectedIndex = 1; f.requestSubmit(); })()")
    kept = browser.run("document.querySelectorAll('tbody tr').length")
    if not 0 < kept < total:
        wrong.append(f"a filter by type keeps {kept} of {total} rows")
    walk.open("/ui/detections?hours=x&severity=worst")
    if "must be a whole number" not in walk.text():
        wrong.append("a wrong filter is not told")
    walk.open("/ui/detections")
    # By keyboard: to the first row, and in.
    browser.run("document.querySelector('tbody a.row').focus()")
    browser.events = []
    browser.key("Enter")
    browser.wait("Enter on a row", "Page.loadEventFired")
    browser.settle()
    if not browser.run("location.pathname").startswith("/ui/detections/det-"):
        wrong.append("Enter on a row does not open it")
    if browser.run("document.querySelectorAll('svg.plot').length") < 1:
        wrong.append("a detection has no waterfall")
    walk.shot("detection")
    event_fields(walk)
    walk.press("(() => { const f = document.querySelector('form[action$=feedback]'); f.querySelector('[value=false_positive]').checked = true; f.elements.comment.value = '<b>a scan of ours</b>'; f.requestSubmit(); })()", "Your verdict is stored")
    if "<b>a scan of ours</b>" not in walk.text():
        wrong.append("the remark is not shown as it was written")
    walk.shot("detection-judged")
    # The theme holds at once and on the next page.
    dark = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.run("document.querySelector('[data-theme-switch] button').click()")
    walk.open("/ui/detections")
    if browser.run("getComputedStyle(document.body).backgroundColor") == dark or browser.run("document.documentElement.dataset.theme") != "dark":
        wrong.append("the theme does not stay")
    browser.run("document.querySelector('[data-theme-switch] button').click()")
    browser.run("document.cookie = 'tripline_theme=; Path=/ui; Max-Age=0'")


def event_fields(walk):
    """By keyboard: the box, what it keeps, back to the folded list; the sums lead to the score."""
    browser = walk.browser
    if browser.run("document.querySelector('[data-fold]').open"):
        wrong.append("the other fields of the event are not folded")
    total = browser.run("document.querySelectorAll('[data-field]').length")
    browser.key("/")
    if browser.run("document.activeElement.id") != "event-filter":
        wrong.append("the key / does not lead to the filter of the event's fields")
        return
    browser.send("Input.insertText", text="packets")
    kept = browser.run("[...document.querySelectorAll('[data-field]')].filter(e => e.checkVisibility()).length")
    if not 0 < kept < total:
        wrong.append(f"the filter shows {kept} of {total} fields")
    walk.shot("detection-filtered")
    browser.key("Escape")
    if browser.run("document.querySelector('#event-filter').value !== '' || document.querySelector('[data-fold]').open"):
        wrong.append("Escape does not empty the filter")
    sums = browser.run("[...document.querySelectorAll('table.sums tr')].map(r => [r.cells[0].innerText, r.cells[1].innerText, r.className])")
    number = lambda text: float(text.replace(",", "").replace("\u2212", "-"))
    total = 0
    for name, value, kind in sums:
        if name in ("Threshold", "Probability"):
            break
        if kind == "total":
            if abs(total - number(value)) > 0.02:
                wrong.append(f"the sums give {total}, not {name} {value}")
            total = number(value)
        else:
            total += number(value)
    score = browser.run("[...document.querySelectorAll('.tile')].find(t => t.innerText.startsWith('Score')).querySelector('b').innerText")
    if abs(total - number(score)) > 0.02:
        wrong.append(f"the sums end at {total}, the score is {score}: {sums}")


def audit(walk):
    """The trail is checked when asked for."""
    walk.open("/ui/settings/audit")
    if "intact" in walk.text():
        wrong.append("the trail is called intact though nobody asked")
    walk.press("document.querySelector('form[action$=\"/audit/verify\"] button').click()", "The trail is intact")
    walk.shot("audit-verified")


def jobs(walk, upload):
    """An upload, two trainings from the form, one refused, their progress."""
    browser = walk.browser
    walk.open("/ui/data", "data-empty")
    root = browser.send("DOM.getDocument")["root"]["nodeId"]
    field = browser.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    browser.send("DOM.setFileInputFiles", files=[upload], nodeId=field)
    walk.press("document.querySelector('form[enctype] button').click()", "The file is here")
    walk.press("document.querySelector('a[href^=\"/ui/jobs/new?upload=\"]').click()")
    walk.shot("training")
    walk.press("(() => { const f = document.querySelector('form[method=post][action=\"/ui/jobs/new\"]'); f.elements['p.n_estimators'].value = '-5'; f.requestSubmit(); })()", "n_estimators")
    # A refused form is a 422, which the browser notes as an error of the network: that one is right.
    wrong[:] = [line for line in wrong if "422" not in line]
    if browser.run("document.querySelector('[name=\"p.n_estimators\"]').value") != "-5":
        wrong.append("a refused form forgets what was typed")
    for seed in (1, 2):
        walk.open("/ui/jobs/new?model=gradient_boosting")
        walk.press("(() => { const f = document.querySelector('form[method=post][action=\"/ui/jobs/new\"]'); f.elements.upload.selectedIndex = 1; f.elements.name.value = 'tried'; f.elements.seed.value = '%d'; f.elements['p.n_estimators'].value = '25'; f.requestSubmit(); })()" % seed, "The job is queued")
        walk.shot(f"job-{seed}")
        browser.until("!!document.querySelector('[data-state=completed],[data-state=failed]')", 120)
        if not browser.run("!!document.querySelector('[data-state=completed]')"):
            wrong.append(f"the training did not end well: {walk.text()[:600]}")
            return
    walk.shot("job-done")
    walk.open("/ui/jobs", "jobs")
    walk.open("/ui/runs", "runs")
    walk.press("(() => { document.querySelectorAll('#compare input').forEach(i => { i.checked = true; }); document.querySelector('#compare').requestSubmit(); })()", "Runs compared")
    walk.shot("runs-compared")


def models(walk, token):
    """Deploys both versions, splits traffic, rolls back, compares."""
    browser = walk.browser
    walk.open("/ui/models", "models")
    ask = "(() => { const d = [...document.querySelectorAll('details.ask')].find(d => d.querySelector('form').action.endsWith('%s')); d.open = true; const t = d.querySelector('[name=token]'); if (t) t.value = '%s'; d.querySelector('form').requestSubmit(); })()"
    walk.open("/ui/models/tried_v1.0.0", "model-candidate")
    walk.press(ask % ("/deploy", "tlt_wrong"), "token")
    wrong[:] = [line for line in wrong if "403" not in line]
    walk.open("/ui/models/tried_v1.0.0")
    walk.press(ask % ("/deploy", token), "This version answers now")
    walk.open("/ui/models/tried_v1.1.0")
    if browser.run("!!document.querySelector('[name=token]')"):
        wrong.append("the token is asked for again in the same session")
    walk.press(ask % ("/deploy", ""), "This version answers now")
    walk.press("(() => { const f = document.querySelector('form[action$=\"/begin\"]'); f.requestSubmit(); })()", "The experiment has begun")
    walk.shot("model-experiment")
    walk.open("/ui/models/tried_v1.1.0")
    walk.press(ask % ("/rollback", ""), "The version before answers again")
    if not browser.run("location.pathname").endswith("tried_v1.0.0"):
        wrong.append("a rollback does not show the version that answers")
    walk.press("(() => { const f = document.querySelector('form[action$=\"/rule\"]'); f.elements.max_error_rate.value = '0.02'; f.requestSubmit(f.querySelector('button:not([name])')); })()", "The rule holds")
    walk.shot("model-active")
    walk.open("/ui/models/tried_v1.1.0")
    walk.press(ask % ("/shadow", ""), "in the shadow")
    walk.open("/ui/models/compare?id=tried_v1.0.0&id=tried_v1.1.0", "compare")
    if "tried_v1.1.0" not in walk.text():
        wrong.append("the comparison lacks a version")


def keys(walk):
    """Makes a key, which is shown once, and takes it back."""
    walk.open("/ui/settings/keys")
    walk.press("(() => { const f = document.querySelector('form[action=\"/ui/settings/keys\"]'); f.elements.name.value = 'sensor'; f.requestSubmit(); })()", "shown this once")
    walk.shot("key-made")
    made = walk.browser.run("document.querySelector('#made').textContent")
    walk.open("/ui/settings/keys", "keys")
    if made in walk.browser.run("document.documentElement.outerHTML"):
        wrong.append("a key is shown twice")
    walk.press("(() => { const d = document.querySelector('details.ask'); d.open = true; d.querySelector('form').requestSubmit(); })()", "refused from now on")


def pages(walk):
    """Every page at every size and scheme; focus can be seen on all that can be reached."""
    browser = walk.browser
    walk.open("/ui/detections")
    detection = browser.run("document.querySelector('tbody a.row').getAttribute('href')")
    walk.open("/ui/jobs")
    job = browser.run("document.querySelector('tbody a.row').getAttribute('href')")
    everything = {
        "overview": "/ui/", "detections": "/ui/detections", "detection": detection, "models": "/ui/models",
        "model": "/ui/models/tried_v1.0.0", "compare": "/ui/models/compare?id=tried_v1.0.0&id=tried_v1.1.0",
        "jobs": "/ui/jobs", "job": job, "training": "/ui/jobs/new", "runs": "/ui/runs", "data": "/ui/data",
        "settings": "/ui/settings", "keys": "/ui/settings/keys", "users": "/ui/settings/users",
        "audit": "/ui/settings/audit", "login": "/ui/login",
    }
    for width, height, scheme in SIZES:
        browser.size(width, height, scheme)
        walk.mode = f"-{width}-{scheme}"
        for name, path in everything.items():
            walk.open(path, name)
            if (width, scheme) == (1280, "light") or name == "overview":
                focus(walk, path)
    walk.mode = ""
    browser.size(*SIZES[0])


def without_scripts(walk):
    """Pages say what they say without scripts, too; charts are tables then."""
    walk.browser.send("Emulation.setScriptExecutionDisabled", value=True)
    for path in ["/ui/", "/ui/detections", "/ui/models", "/ui/jobs", "/ui/data", "/ui/settings"]:
        walk.browser.events = []
        walk.browser.send("Page.navigate", url=walk.address + path)
        walk.browser.wait(path, "Page.loadEventFired")
        walk.browser.settle()
        root = walk.browser.send("DOM.getDocument", depth=-1)["root"]["nodeId"]
        main_node = walk.browser.send("DOM.querySelector", nodeId=root, selector="main table")["nodeId"]
        if not main_node:
            wrong.append(f"{path} without scripts has no table")
    walk.browser.send("Emulation.setScriptExecutionDisabled", value=False)


main()
