"""Who can use the page of events/consumers/web: by keyboard alone, with a screen reader, on a phone, in light and in dark."""

from service import PASSWORD, ROOT, PageCase
from webdriver import ENTER, TAB, until

PAGES = ("login", "signup", "forgot", "reset", "confirm", "account")
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
FOLDER = ROOT / "target" / "browser"

# Every text that is seen, with its contrast: WCAG 2.2, "relative luminance" and "contrast ratio".
CONTRASTS = """
    const rgb = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => {
      const [r, g, b] = rgb(color).map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const color = getComputedStyle(e).backgroundColor;
        if ((rgb(color)[3] ?? 1) === 1) return color;
      }
    };
    const ownText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.checkVisibility() && (ownText(element) || element.matches("input")))
      .map((element) => {
        const lights = [getComputedStyle(element).color, behind(element)].map(luminance);
        return [element.outerHTML.slice(0, 80), (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05)];
      });
"""


class Look(PageCase):
    def keys(self, *texts):
        for text in texts:
            self.browser.press(text)

    def focused(self):
        return self.browser.run("return document.activeElement.id || document.activeElement.textContent.trim()")

    def pages(self):
        """Shows one page after the other, the account too, with everything in it open."""
        for page in PAGES:
            if page == "account":
                self.visit("signup")
                self.press("signup", username=f"reader-{self._testMethodName[-12:]}", password=PASSWORD)
                self.shows(page)
                self.browser.run("for (const e of document.querySelectorAll('details')) e.name = '', e.open = true")
            else:
                self.visit(page)
            yield page

    def test_the_keyboard_alone_suffices(self):
        self.visit("signup")
        self.keys(TAB, "typist", TAB, TAB, PASSWORD, ENTER)
        self.shows("account")
        self.assertEqual(self.focused(), "Your account", "a screen reader says where one is")
        self.keys(TAB)
        self.assertEqual(self.focused(), "Sign out")
        self.keys(ENTER)
        self.shows("login")
        self.keys(TAB, "typist", TAB, "not the password", TAB)
        self.assertEqual(self.focused(), "Show")
        self.keys(ENTER)
        self.assertEqual(self.browser.run("return document.forms.login.password.type"), "text")
        self.keys(TAB, ENTER)
        self.says("wrong")
        self.assertEqual(self.focused(), "Sign in", "the focus stays")
        outline = self.browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        self.assertEqual(outline, "solid", "the focus is seen")

    def test_everything_that_can_be_used_has_a_name(self):
        for page in self.pages():
            found = self.browser.elements("section:not([hidden]) :is(input:not([hidden]), button, a, summary, ul)")
            self.assertGreater(len(found), 2)
            names = [self.browser.label(element) for element in found]
            self.assertTrue(all(names), (page, names))
            self.assertEqual(self.browser.run("return document.title.split(' – ')[1]"), "Example")
            ids = self.browser.run("return [...document.querySelectorAll('[id]')].map((element) => element.id)")
            self.assertEqual(len(ids), len(set(ids)))

    def test_every_text_is_read_in_light_and_in_dark(self):
        for page in self.pages():
            for scheme in ("light", "dark"):
                self.browser.prefer(scheme)
                contrasts = self.browser.run(CONTRASTS)
                self.assertGreater(len(contrasts), 5)
                for text, contrast in contrasts:
                    self.assertGreaterEqual(contrast, LEAST_CONTRAST, (page, scheme, text))

    def test_nothing_is_cut_off_on_the_smallest_screen(self):
        """WCAG 2.2, 1.4.10: 320 CSS pixels, which is also 1280 at a zoom of 400 %."""
        self.browser.resize(320, 640)
        for page in self.pages():
            width = self.browser.run("return document.documentElement.scrollWidth")
            self.assertLessEqual(width, 320, page)

    def test_its_pictures(self):
        """Light and dark, for docs/frontend.md: tests/browser/run --pictures puts them there."""
        self.browser.tell("Emulation.setUserAgentOverride", {"userAgent": "Mozilla/5.0 (iPhone) Safari/605.1.15"})
        self.visit("signup")
        self.press("signup", username="ada.lovelace", password=PASSWORD)
        self.shows("account")
        self.browser.forget_cookies()
        self.browser.tell("Emulation.setUserAgentOverride", {"userAgent": ""})
        self.log_in("ada.lovelace")
        self.browser.resize(720, 780, 1.5)
        FOLDER.mkdir(parents=True, exist_ok=True)
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            picture = FOLDER / f"account-{scheme}.png"
            picture.write_bytes(self.browser.picture())
            self.assertLess(picture.stat().st_size, 100_000)
