"""Whether a page fits every screen and everybody: what is cut off, what axe says, where Tab is."""

WIDTHS = (390, 930, 1280, 1920)

# What reaches beyond the page, unless it lies in a part that scrolls and that the keys reach; and
# parts that scroll and that they do not reach.
_BEYOND = """() => {
  const found = [], scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX);
  const inside = (e) => {
    for (let up = e.parentElement; up; up = up.parentElement) if (scrolls(up)) return true;
    return false;
  };
  const say = (e) => e.tagName + "." + e.className + ": " + e.textContent.trim().slice(0, 40);
  const all = [...document.querySelectorAll(".glassgrad")].flatMap(
    (host) => [...host.shadowRoot.querySelectorAll("*")]);
  for (const e of all) {
    if (e.ownerSVGElement || e.closest(".mini") || !e.checkVisibility()) continue;
    const { left, right } = e.getBoundingClientRect();
    if ((left < -1 || right > innerWidth + 1) && !inside(e)) found.push("beyond: " + say(e));
    if (scrolls(e) && e.scrollWidth > e.clientWidth + 1 && e.tabIndex !== 0)
      found.push("no key reaches: " + say(e));
    if (e.matches("span,label,p,button,output,figcaption") && e.clientWidth
        && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "visible")
      found.push("runs over: " + say(e));
  }
  for (const text of all.filter((e) => e.matches("svg text"))) {
    const of = text.ownerSVGElement.getBoundingClientRect(), its = text.getBoundingClientRect();
    if (its.left < of.left - 1 || its.right > of.right + 1) found.push("cut off: " + say(text));
  }
  return found;
}"""

_FOCUSED = """() => {
  let e = document.activeElement;
  while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  const style = getComputedStyle(e);
  return [e.ariaLabel || e.textContent.trim(), e.tagName,
    style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}"""

_PAINTED = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""


def faults(page):
    """What does not fit into a page as wide as it is, and what axe finds."""
    found = page.evaluate(_BEYOND)
    wide, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if wide > room:
        found.append(f"the page is {wide} wide, the window {room}")
    return found + violations(page)


def violations(page, **options):
    """What axe finds: which of its rules is broken, and where."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"resultTypes": ["violations"]} | options
    return [
        f"axe: {violation['id']}: {[node['html'][:90] for node in violation['nodes'][:3]]}"
        for violation in Axe().run(page, options=options).response["violations"]
    ]


def violations_in_the_dark(page):
    """Those of contrasts, since nothing but colours is another there."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector(".glassgrad[data-theme=dark]")
    return violations(page, runOnly=["color-contrast"])


def violations_in_both_themes(page):
    return violations(page) + violations_in_the_dark(page)


def faults_everywhere(page, widths=WIDTHS):
    """Those at every width, and in the dark."""
    found = []
    page.emulate_media(color_scheme="light")
    page.wait_for_selector(".glassgrad[data-theme=light]")
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(_PAINTED)
        found += [f"{width} wide: {fault}" for fault in faults(page)]
    return found + violations_in_the_dark(page)


def tab_stops(page):
    """The names of what Tab reaches from the whole on; on each one sees that it is there."""
    page.evaluate("document.activeElement.blur(), document.querySelector('.glassgrad').focus()")
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, tag, seen = page.evaluate(_FOCUSED)
        if tag in ("BODY", "HTML"):
            return names
        assert seen, f"nothing shows that {name!r} has the focus"
        names.append(name)
    raise AssertionError(f"Tab does not leave: {names}")


def tab_to(page, name):
    """Press Tab until what has this name has the focus."""
    page.evaluate("document.activeElement.blur(), document.querySelector('.glassgrad').focus()")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(_FOCUSED)[0] == name:
            return
    raise AssertionError(f"Tab does not reach {name}")
