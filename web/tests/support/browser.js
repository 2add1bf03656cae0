/**
 * The browser of the tests: the system's Chromium, with pages that fail a test for whatever they should not do.
 *
 * A page from [openPage] records what breaks the content security policy, errors on the console, uncaught errors and
 * requests to other hosts. `finish()` closes it and fails if there was any. DAYBOOK_CHROMIUM names another browser.
 */

import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const CHROMIUM = process.env.DAYBOOK_CHROMIUM ?? "/usr/bin/chromium";
const RESULTS = fileURLToPath(new URL("../../test-results", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Sizes that pages are looked at in. */
export const VIEWPORTS = {
  phone: { width: 360, height: 800 },
  laptop: { width: 1280, height: 900 },
  wall: { width: 3840, height: 2160 },
};

/**
 * A browser that takes the hub's certificate for a good one. Ignoring certificate errors page by page would not do:
 * Chromium offers no passkeys on such pages. So the authority's key is named at the start.
 */
export async function launchBrowser(hub) {
  const keys = hub?.ca ? [`--ignore-certificate-errors-spki-list=${spkiHash(hub.ca)}`] : [];
  // As root, as in a container, Chromium has no sandbox.
  const chromiumSandbox = process.getuid?.() !== 0;
  return chromium.launch({ executablePath: CHROMIUM, chromiumSandbox, args: keys });
}

function spkiHash(pem) {
  const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

/**
 * A page in a context of its own. `theme` is light or dark, `javaScript` false for a browser without, `context` another
 * page's for a second page of the same person.
 */
export async function openPage(browser, options = {}) {
  const { theme = "light", viewport = VIEWPORTS.laptop, javaScript = true, context } = options;
  const own = context ?? await browser.newContext({
    colorScheme: theme,
    viewport,
    javaScriptEnabled: javaScript,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
  });
  // A click that finds nothing should say so soon.
  own.setDefaultTimeout(10_000);
  const page = await own.newPage();
  const faults = await record(page);
  const close = () => (context ? page.close() : own.close());
  const finish = async () => {
    await close();
    assert.deepEqual(faults, [], "the page did what it should not");
  };
  return { page, context: own, faults, finish, close };
}

/** What goes wrong on the page from now on; answers with an error status are the test's to expect. */
async function record(page) {
  const faults = [];
  await page.exposeFunction("daybookViolation", (text) => faults.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const { violatedDirective, blockedURI, sourceFile, lineNumber } = event;
      window.daybookViolation(`${violatedDirective} blocked ${blockedURI} (${sourceFile}:${lineNumber})`);
    });
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    const isStatus = message.text().startsWith("Failed to load resource: the server responded with a status of");
    if (message.type() === "error" && !isStatus) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    const isOurs = ["localhost", "127.0.0.1"].includes(hostname) || ["data:", "blob:"].includes(protocol);
    if (!isOurs) faults.push(`request: ${request.url()}`);
  });
  return faults;
}

/** No finding of axe-core on the page as it is now. `exclude` are selectors of parts that are not ours. */
export async function assertAccessible(page, { exclude = [] } = {}) {
  // Through the debugger, where the page's policy does not hold; a page without JavaScript cannot be asked.
  await page.evaluate(AXE);
  const run = ([context, values]) => window.axe.run(context, { runOnly: { type: "tag", values } });
  const parts = { include: [["html"]], exclude: exclude.map((it) => [it]) };
  const { violations } = await page.evaluate(run, [parts, AXE_TAGS]);
  const lines = violations.flatMap(({ id, help, nodes }) => {
    return nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}\n  ${node.failureSummary}`);
  });
  assert.equal(lines.length, 0, `${page.url()} is not accessible to all:\n${lines.join("\n")}`);
}

/** Tries what the policy forbids; the page's faults tell whether it was stopped. */
export async function addInlineStyle(page) {
  await page.evaluate(() => {
    document.head.append(Object.assign(document.createElement("style"), { textContent: "a{}" }));
  });
  await page.waitForTimeout(100);
}

/** Nothing is wider than the window. */
export async function assertNoSidewaysScroll(page) {
  const [needs, has] = await page.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth, root.clientWidth];
  });
  assert.ok(needs <= has, `${page.url()} is ${needs} wide in a window of ${has}`);
}

/** A picture for people to look at, in web/test-results. */
export async function screenshot(page, name) {
  mkdirSync(RESULTS, { recursive: true });
  await page.screenshot({ path: path.join(RESULTS, `${name}.png`), fullPage: true });
}

/** Every page, in both themes and all sizes: accessible, no wider than its window, and shot. */
export async function assertForEverybody(browser, context, pages) {
  for (const [name, url] of Object.entries(pages)) {
    for (const theme of ["light", "dark"]) {
      const looker = await openPage(browser, { theme, context });
      await looker.page.emulateMedia({ colorScheme: theme });
      await looker.page.goto(url);
      for (const more of await looker.page.locator("details.more > summary").all()) await more.click();
      await assertAccessible(looker.page);
      await screenshot(looker.page, `${name}-${theme}`);
      for (const [size, viewport] of Object.entries(VIEWPORTS)) {
        await looker.page.setViewportSize(viewport);
        await assertNoSidewaysScroll(looker.page);
        if (size !== "laptop" && theme === "light") await screenshot(looker.page, `${name}-${size}`);
      }
      await looker.finish();
    }
  }
}

/** An authenticator inside the browser that keeps passkeys and lets its person pass without asking. */
export async function addAuthenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const set = (isUserVerified) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  const list = async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  return { setUserVerified: set, credentials: list };
}
