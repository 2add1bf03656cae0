/** The vendor's Save in 1Password button under the console's policy, without the extension and with a stand-in. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { addInlineStyle, assertAccessible, launchBrowser, openPage, screenshot } from "./support/browser.js";
import { htmlPage, saveButtonStyle, servePages } from "./support/pages.js";

const REQUEST = {
  title: "Bearer token “first” – Splunk",
  fields: [{ autocomplete: "username", value: "Splunk" }, { autocomplete: "current-password", value: "eyJ.x.y" }],
  notes: "Reads sign-in attempts & item usages of <Acme>; it's until 2027.",
  urls: ["https://localhost:8443"],
};
const escaped = JSON.stringify(REQUEST).replaceAll("&", "&amp;").replaceAll("'", "&#39;").replaceAll("<", "&lt;");
const MAIN = `<div data-save-request='${escaped}' data-save-label="Save the token">
  <p data-save-absent>Your browser offers no button to save it in 1Password; use the command below.</p></div>`;

let server;
let browser;

before(async () => {
  const page = () => htmlPage(MAIN, ["console.js", "save-token.js"]);
  server = await servePages({ "GET /token": page }, { style: saveButtonStyle() });
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  server?.stop();
});

/** What the extension does, as far as a page can see it. */
const enable = (page) => page.evaluate(() => {
  const element = document.querySelector("onepassword-save-button");
  element.shadowRoot.querySelector("[data-onepassword-save-button]").disabled = false;
});

test("without_the_extension_the_words_stand_in_its_place", async () => {
  const { page, finish } = await openPage(browser);
  await page.goto(`${server.url}/token`);
  await page.locator("onepassword-save-button").waitFor({ state: "attached" });
  assert.equal(await page.getByText("use the command below").isVisible(), true);
  assert.equal(await page.getByRole("button").count(), 0);
  await assertAccessible(page);
  await screenshot(page, "save-button-absent");
  await finish();
});

test("the_extension_enables_a_button_that_looks_as_the_vendor_drew_it", async () => {
  const { page, finish } = await openPage(browser);
  await page.goto(`${server.url}/token`);
  await page.locator("onepassword-save-button").waitFor({ state: "attached" });
  await enable(page);
  const button = page.getByRole("button", { name: "Save in 1Password" });
  await button.waitFor({ state: "visible" });
  assert.equal(await page.getByText("use the command below").isVisible(), false);
  assert.equal(await page.getByRole("group", { name: "Save the token" }).count(), 1);
  // The style of the shadow root is there: the policy's hash is right.
  assert.equal(await button.evaluate((it) => getComputedStyle(it).borderRadius), "8px");
  await screenshot(page, "save-button-enabled");
  await finish();
});

test("the_button_carries_the_whole_request", async () => {
  const { page, finish } = await openPage(browser);
  await page.addInitScript(() => {
    document.addEventListener("OPButtonAdded", () => { window.addedCount = (window.addedCount ?? 0) + 1; });
  });
  await page.goto(`${server.url}/token`);
  const inner = page.locator("onepassword-save-button [data-onepassword-save-button]");
  const value = await inner.getAttribute("value");
  assert.deepEqual(JSON.parse(Buffer.from(value, "base64").toString("utf8")), REQUEST);
  assert.equal(await inner.getAttribute("data-onepassword-type"), "api-key");
  assert.equal(await page.evaluate(() => window.addedCount), 1);
  await finish();
});

test("another_style_is_still_kept_out", async () => {
  const { page, faults, close } = await openPage(browser);
  await page.goto(`${server.url}/token`);
  await addInlineStyle(page);
  assert.match(faults.join("\n"), /policy: style-src-elem blocked inline/);
  await close();
});

test("without_script_the_words_are_there", async () => {
  const { page, finish } = await openPage(browser, { javaScript: false });
  await page.goto(`${server.url}/token`);
  assert.equal(await page.getByText("use the command below").isVisible(), true);
  await finish();
});
