/** The hub itself in a browser: its reference, its policy, and that its address can have passkeys. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  VIEWPORTS, addAuthenticator, addInlineStyle, assertAccessible, assertNoSidewaysScroll, launchBrowser, openPage,
  screenshot,
} from "./support/browser.js";
import { startHub } from "./support/hub.js";

let hub;
let browser;

before(async () => {
  hub = await startHub();
  browser = await launchBrowser(hub);
});

after(async () => {
  await browser?.close();
  await hub?.stop();
});

test("the_reference_is_for_everybody", async () => {
  const { page, finish } = await openPage(browser);
  const answer = await page.goto(`${hub.url}/docs`);
  assert.equal(answer.status(), 200);
  await assertAccessible(page);
  await screenshot(page, "docs");
  await finish();
});

test("the_reference_fits_a_phone_and_needs_no_script", async () => {
  const { page, finish } = await openPage(browser, { viewport: VIEWPORTS.phone, javaScript: false });
  await page.goto(`${hub.url}/docs`);
  assert.equal(await page.locator("h1").count(), 1);
  await assertNoSidewaysScroll(page);
  await finish();
});

test("the_policy_keeps_inline_styles_out_and_the_test_hears_of_it", async () => {
  const { page, faults, close } = await openPage(browser);
  await page.goto(`${hub.url}/docs`);
  await addInlineStyle(page);
  assert.match(faults.join("\n"), /policy: style-src-elem blocked inline/);
  await close();
});

test("the_hubs_address_can_have_passkeys", async () => {
  const { page, finish } = await openPage(browser);
  await page.goto(`${hub.url}/docs`);
  const authenticator = await addAuthenticator(page);
  const made = await page.evaluate(async () => {
    const bytes = (length) => crypto.getRandomValues(new Uint8Array(length));
    const credential = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(32),
        rp: { id: "localhost", name: "Daybook" },
        user: { id: bytes(16), name: "ada@acme.example", displayName: "Ada" },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      },
    });
    const { id } = await navigator.credentials.get({ publicKey: { challenge: bytes(32), rpId: "localhost" } });
    return { type: credential.type, isTheSame: credential.id === id };
  });
  assert.deepEqual(made, { type: "public-key", isTheSame: true });
  assert.equal((await authenticator.credentials()).length, 1);
  await finish();
});

test("an_account_is_added_over_the_management_api", async () => {
  const { uuid } = await hub.manage("POST", "/accounts", { name: "Acme" });
  const accounts = await hub.manage("GET", "/accounts");
  assert.ok(JSON.stringify(accounts).includes(uuid));
});
