/** The console as an owner uses it: the wizard, the live check, rights, replace, revoke; and as it looks to everybody. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  VIEWPORTS, assertAccessible, assertForEverybody, assertNoSidewaysScroll, launchBrowser, openPage, screenshot,
} from "./support/browser.js";
import { accountPath, becomeOwner, connect, readEvents, tokenAction, tokenOnPage } from "./support/console.js";
import { startHub } from "./support/hub.js";

let hub;
let browser;
let owner;
let base;

before(async () => {
  hub = await startHub();
  browser = await launchBrowser(hub);
  owner = await openPage(browser);
  await becomeOwner(owner.page, hub);
  base = hub.url + await accountPath(owner.page, hub);
});

after(async () => {
  await owner?.finish();
  await browser?.close();
  await hub?.stop();
});

test("the_wizard_ends_with_a_token_that_reads_and_a_live_check_that_turns_green", async () => {
  const { page } = owner;
  const { token } = await connect(page, base, "Splunk", { name: "Splunk production", token: "Heavy forwarder" });
  const check = page.locator("[data-live]");
  await check.getByText("Waiting", { exact: true }).waitFor();
  const answer = await readEvents(hub, token);
  assert.equal(answer.status, 200);
  await check.getByText("Splunk reads events").waitFor({ timeout: 15_000 });
  await page.reload();
  await page.getByText("Up to date").or(page.getByText("up to date")).first().waitFor();
  await screenshot(page, "integration-reading");
});

test("the_token_is_shown_once_and_leaving_without_saving_asks", async () => {
  const { page } = owner;
  await page.goto(`${base}/integrations/directory`);
  await page.locator("#tiles").getByRole("link", { name: "Elastic", exact: true }).click();
  await page.getByRole("button", { name: "Add integration" }).click();
  await page.getByRole("button", { name: "Issue token" }).click();
  const token = await tokenOnPage(page);
  assert.equal(await page.locator("text=op item create").count(), 1);
  await screenshot(page, "token-save");

  let asked = false;
  page.once("dialog", async (dialog) => {
    asked = dialog.type() === "beforeunload";
    await dialog.dismiss();
  });
  // A page that nobody has touched may be left without a word.
  await page.getByText("Other ways to save it").click();
  await page.getByRole("link", { name: "Home" }).click();
  await page.waitForTimeout(300);
  assert.ok(asked, "leaving asks first");

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download daybook.env" }).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), "daybook.env");
  await page.getByRole("button", { name: "I have saved it" }).click();
  await page.waitForURL(/\/integrations\/[A-Z2-7]{26}\??$/);
  assert.ok(!(await page.content()).includes(token.split(".")[2]), "the details do not show the token");
});

test("a_refused_request_is_explained", async () => {
  const { page } = owner;
  const { token, path } = await connect(page, base, "Other", { name: "Lab", token: "Lab token" });
  await tokenAction(page, "Lab token", "Change rights");
  await page.getByLabel("Item usages").uncheck();
  await page.getByLabel("Allowed networks").fill("192.0.2.0/24");
  await page.getByRole("button", { name: "Change rights" }).click();
  await page.getByText("The rights of “Lab token” are changed").waitFor();
  assert.equal((await readEvents(hub, token)).status, 401);
  await page.getByText("which is not among its networks").waitFor({ timeout: 15_000 });

  await tokenAction(page, "Lab token", "Change rights");
  await page.getByLabel("Allowed networks").fill("");
  await page.getByRole("button", { name: "Change rights" }).click();
  assert.equal((await readEvents(hub, token, "itemusages")).status, 401);
  await page.getByText("which it may not read").waitFor({ timeout: 15_000 });
  await screenshot(page, "live-check-refused");
  assert.equal((await readEvents(hub, token, "auditevents")).status, 200);
  await page.getByText("Other reads events").waitFor({ timeout: 15_000 });
  assert.equal(new URL(page.url()).pathname, path);
});

test("a_wrong_form_keeps_what_was_typed_and_says_what_is_wrong", async () => {
  const { page } = owner;
  await connect(page, base, "Grove", { name: "Grove", token: "Grove token" });
  await tokenAction(page, "Grove token", "Change rights");
  await page.getByLabel("Allowed networks").fill("not a network");
  await page.getByRole("button", { name: "Change rights" }).click();
  await page.getByRole("alert").getByText("no address or network").waitFor();
  assert.equal(await page.getByLabel("Allowed networks").inputValue(), "not a network");
  await assertAccessible(page);
});

test("replace_shows_which_token_is_used_and_revoke_ends_the_old_one", async () => {
  const { page } = owner;
  const { token: old } = await connect(page, base, "Devo", { name: "Devo", token: "First" });
  assert.equal((await readEvents(hub, old)).status, 200);
  await tokenAction(page, "First", "Replace");
  await page.getByRole("button", { name: "Issue the new token" }).click();
  const successor = await tokenOnPage(page);
  await page.getByRole("button", { name: "I have saved it" }).click();
  await page.getByText("The new token has not been used yet").waitFor();
  assert.equal((await readEvents(hub, successor)).status, 200);
  // What is used is written down every two seconds.
  await page.waitForTimeout(2500);
  await page.getByRole("link", { name: "Look again" }).click();
  await page.getByText("Both tokens are in use").waitFor();
  await assertAccessible(page);
  await screenshot(page, "token-handover");
  await page.getByRole("link", { name: /Revoke the old token/ }).click();
  await page.getByRole("heading", { name: "What will stop" }).waitFor();
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("“First” is revoked").waitFor();
  assert.equal((await readEvents(hub, old)).status, 401);
  assert.equal((await readEvents(hub, successor)).status, 200);
});

test("removing_an_integration_can_be_undone", async () => {
  const { page } = owner;
  const { token } = await connect(page, base, "Monad", { name: "Monad", token: "Monad token" });
  await page.locator("summary", { hasText: "Actions for Monad" }).click();
  await page.getByRole("link", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Remove" }).click();
  assert.equal((await readEvents(hub, token)).status, 401);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("“Monad” is active again").waitFor();
  assert.equal((await readEvents(hub, token)).status, 200);
});

test("the_wizard_works_without_javascript", async () => {
  const { context } = owner;
  const state = await context.storageState();
  const bare = await browser.newContext({ javaScriptEnabled: false, storageState: state });
  const page = await bare.newPage();
  const { token } = await connect(page, base, "Query", { name: "Query", token: "Query token" });
  assert.equal((await readEvents(hub, token)).status, 200);
  await tokenAction(page, "Query token", "Revoke");
  await page.getByRole("button", { name: "Revoke" }).click();
  assert.equal((await readEvents(hub, token)).status, 401);
  await bare.close();
});

test("every_page_of_an_owner_is_for_everybody_in_both_themes_and_fits_a_phone", async () => {
  const { page, context } = owner;
  await page.goto(`${base}/integrations`);
  const integration = await page.getByRole("link", { name: "Splunk production" }).getAttribute("href");
  await page.goto(hub.url + integration);
  const token = await page.getByRole("link", { name: "Change rights", includeHidden: true }).first().getAttribute("href");
  const ofToken = token.replace(/\/rights$/, "");
  const account = new URL(base).pathname;
  const person = await firstHref(page, `${base}/people`, /\/people\/[A-Z2-7]{26}$/);
  const paths = {
    home: account,
    integrations: `${account}/integrations`,
    directory: `${account}/integrations/directory`,
    "integration-new": `${account}/integrations/new?kind=splunk`,
    integration,
    "integration-rename": `${integration}/rename`,
    "integration-remove": `${integration}/remove`,
    "token-new": `${integration}/tokens/new?wizard=yes`,
    "token-rename": `${ofToken}/rename`,
    "token-rights": `${ofToken}/rights`,
    "token-replace": `${ofToken}/replace`,
    "token-revoke": `${ofToken}/revoke`,
    events: `${account}/events`,
    people: `${account}/people`,
    person,
    audit: `${account}/audit`,
    settings: `${account}/settings`,
    accounts: "/accounts",
    "account-new": "/accounts/new",
    me: "/me",
    missing: "/accounts/nothing",
  };
  const urls = Object.entries(paths).map(([name, path]) => [name, hub.url + path]);
  await assertForEverybody(browser, context, Object.fromEntries(urls));
});

test("pages_for_anybody_are_for_everybody", async () => {
  for (const path of ["/sign-in", "/setup", "/join", "/reset"]) {
    for (const theme of ["light", "dark"]) {
      const looker = await openPage(browser, { theme });
      await looker.page.goto(hub.url + path);
      await assertAccessible(looker.page);
      await looker.page.setViewportSize(VIEWPORTS.phone);
      await assertNoSidewaysScroll(looker.page);
      await screenshot(looker.page, `${path.slice(1)}-${theme}`);
      await looker.finish();
    }
  }
});

async function firstHref(page, url, pattern) {
  await page.goto(url);
  const all = await page.getByRole("link").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  return all.find((href) => pattern.test(href));
}
