"""An agent's desk in a real browser, used as a person uses it: by pages, buttons and keys."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from tests.journeys.installation import Installation, Person

from fernamt.daemons.program import Program

OpenBrowser = Callable[[], AbstractAsyncContextManager[Browser]]
"""Opens a browser whose microphone hears the agent's tone."""
PATIENCE = 10_000
"""Milliseconds."""
KEEP_CONNECTIONS = """
    window.connections = [];
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(...given) { super(...given); window.connections.push(this); }
    };
"""
"""So that a test can listen to what the page hears."""
LISTEN = """
    async ([frequency, seconds]) => {
      const open = window.connections.filter(one => one.connectionState === "connected").at(-1);
      if (!open) return 0;
      const tracks = open.getReceivers().map(receiver => receiver.track).filter(Boolean);
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 8192;
      analyser.smoothingTimeConstant = 0;
      context.createMediaStreamSource(new MediaStream(tracks)).connect(analyser);
      await context.resume();
      const bins = new Float32Array(analyser.frequencyBinCount);
      const width = context.sampleRate / analyser.fftSize;
      let loudest = -200;
      const until = performance.now() + seconds * 1000;
      while (performance.now() < until) {
        await new Promise(done => setTimeout(done, 50));
        analyser.getFloatFrequencyData(bins);
        const centre = Math.round(frequency / width);
        loudest = Math.max(loudest, ...bins.slice(centre - 1, centre + 2));
      }
      await context.close();
      return loudest;
    }
"""
"""Loudest level of a frequency in what the page hears, in decibels of full scale."""
TONE = -40.0
"""From here on, decibels, a frequency is there; a tone of a fifth of full scale has some -20."""


@asynccontextmanager
async def chromium(program: Program, *, microphone: Path) -> AsyncIterator[Browser]:
    """Run a browser without a window, whose microphone plays a file."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(program.path),
            env={**program.environ()},
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
                "--allow-loopback-in-peer-connection",
                "--disable-dev-shm-usage",
            ],
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def a_desk(browser: Browser, installation: Installation) -> AsyncIterator["Desk"]:
    """Open a browser's profile of its own."""
    context = await browser.new_context(
        locale="de-DE", base_url=installation.configuration.web_url, permissions=["microphone"]
    )
    context.set_default_timeout(PATIENCE)
    await context.add_init_script(KEEP_CONNECTIONS)
    try:
        yield Desk(context, await context.new_page())
    finally:
        await context.close()


class Desk:
    """One agent's desk."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        """Used by `a_desk`."""
        self.context, self.page = context, page

    async def sign_in(self, person: Person) -> None:
        """Sign in as *person*, up to the choice of the telephone."""
        page = self.page
        await page.goto("/")
        await page.fill("#id_username", person.username)
        await page.fill("#id_password", person.password)
        await page.click("button[type=submit]:has-text('Anmelden')")
        await self.page.wait_for_selector("main[data-scene=signin], main[data-scene=paused]")
        if await self.scene() == "paused":  # still at work by the exchange: choose anew
            await page.click("text=Anderes Telefon wählen")
        await self.until("signin")

    async def scene(self) -> str:
        """Return what the desk shows now."""
        return await self.page.get_attribute("main", "data-scene") or ""

    async def get_ready(self, device: str = "browser", *, number: str = "") -> None:
        """Choose a telephone and be ready."""
        page = self.page
        choice = page.locator(f"input[name=device][value={device}]")
        if await choice.count():
            await choice.check()
        if number:
            await page.fill("#number", number)
        await page.click(".desk-signin button[type=submit]")
        await self.until("idle")
        if device == "browser":
            await self.until_connected()

    async def leave(self) -> None:
        """Sign out of the workplace and of the house."""
        await self.until("idle")
        await self.page.click("text=Abmelden")
        await self.page.wait_for_selector("#id_username")

    async def open_again(self) -> None:
        """Open the workplace in another page, the first one being gone."""
        self.page = await self.context.new_page()
        await self.page.goto("/arbeitsplatz/")

    async def ask_for_a_test_call(self, line: str) -> None:
        """Let a robot call *line*, a number as it is dialled in the country."""
        await self.page.select_option("#test-line", f"+49{line[1:]}")
        await self.page.click("text=Testanruf starten")

    async def account(self) -> tuple[str, str, str]:
        """Return what a desk telephone needs: server, user, password."""
        rows = self.page.locator(".desk-account dd")
        await expect(rows).to_have_count(3)
        server, user, password = await rows.all_inner_texts()
        return server, user, password

    async def until_connected(self) -> None:
        """Wait until calls can ring in this browser."""
        await expect(self.page.locator(".desk-lines")).to_contain_text(
            "Telefon im Browser verbunden", timeout=PATIENCE
        )

    async def until(self, scene: str, *, within: float = PATIENCE / 1000) -> None:
        """Wait until the desk shows *scene*."""
        await self.page.wait_for_selector(f"main[data-scene={scene}]", timeout=within * 1000)

    async def press(self, key: str) -> None:
        """Press a key."""
        await self.page.keyboard.press(key)

    async def until_hears(self, frequency: float, *, within: float = 10) -> None:
        """Wait until the page hears a tone."""
        async with asyncio.timeout(within):
            while await self.level_of(frequency) < TONE:
                pass

    async def level_of(self, frequency: float, *, seconds: float = 0.4) -> float:
        """Return how loud the page hears *frequency*, in decibels of full scale."""
        return float(await self.page.evaluate(LISTEN, [frequency, seconds]) or -200)

    async def shows(self, text: str) -> None:
        """See *text* somewhere on the desk."""
        await expect(self.page.locator("#desk")).to_contain_text(text, timeout=PATIENCE)

    async def has_no_barrier(self) -> None:
        """Let axe look for what would shut people out."""
        found = await Axe().run(self.page)
        assert not found.violations_count, found.generate_report()
