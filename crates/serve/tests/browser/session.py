"""The log-in and the log-out of a service that needs keys."""

from walk import wrong


def session(walk, address, name, password):
    """Who is not known is sent to the log-in, and back; a log-out ends it."""
    browser, walk.address = walk.browser, address
    walk.open("/ui/models?x=1")
    if browser.run("location.pathname") != "/ui/login":
        wrong.append("a page is shown to a stranger")
    fill = "(() => { const f = document.querySelector('form[action=\"/ui/login\"]'); f.elements.name.value = %r; f.elements.password.value = %r; f.requestSubmit(); })()"
    walk.press(fill % (name, "not the password"))
    # The refused log-in is an answer with 401, which the browser notes: that one is right.
    wrong[:] = [line for line in wrong if "401" not in line]
    if not browser.run("!!document.querySelector('[role=alert]')"):
        wrong.append("a wrong password is not told")
    if browser.run("document.activeElement.id") not in ("name", "password"):
        wrong.append("a refused log-in leaves the focus nowhere")
    walk.shot("login-refused")
    walk.press(fill % (name, password))
    if browser.run("location.pathname + location.search") != "/ui/models?x=1":
        wrong.append("a log-in does not lead back to where it began")
    if name not in browser.run("document.querySelector('.who').textContent"):
        wrong.append("the page does not say who is logged in")
    walk.shot("logged-in")
    walk.press("document.querySelector('form[action=\"/ui/logout\"] button').click()")
    walk.open("/ui/models")
    if browser.run("location.pathname") != "/ui/login":
        wrong.append("a log-out does not end the session")
