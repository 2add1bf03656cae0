/** Sources as an administrator uses them, against an upstream of the test's own; and as they look to everybody. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  VIEWPORTS, assertAccessible, assertForEverybody, assertNoSidewaysScroll, launchBrowser, openPage, screenshot,
} from "./support/browser.js";
import { accountPath, becomeOwner, eventually, says } from "./support/console.js";
import { freePort, startHub } from "./support/hub.js";
import { itemUsage, startUpstream } from "./support/upstream.js";

const TOKEN = "an-opaque-token-of-somebody";

let hub;
let browser;
let owner;
let base;
let upstream;

before(async () => {
  hub = await startHub([], { DAYBOOK_CONNECTORS__ALLOW_NETWORKS: "127.0.0.0/8" });
  upstream = await startUpstream();
  upstream.events = Array.from({ length: 25 }, (_, number) => itemUsage(number, 100 - number));
  browser = await launchBrowser(hub);
  owner = await openPage(browser);
  await becomeOwner(owner.page, hub);
  base = hub.url + await accountPath(owner.page, hub);
});

after(async () => {
  await owner?.finish();
  await browser?.close();
  upstream?.stop();
  await hub?.stop();
});

test("a_list_without_sources_says_how_to_add_one", async () => {
  const { page } = owner;
  await page.goto(base);
  await page.getByRole("navigation", { name: "Acme" }).getByRole("link", { name: "Sources" }).click();
  await page.getByRole("heading", { name: "Events are brought in from nowhere yet" }).waitFor();
  await assertAccessible(page);
  await screenshot(page, "sources-none");
  await page.getByRole("link", { name: "Add a source" }).click();
  await page.getByRole("link", { name: "1Password or another Daybook" }).click();
  await page.getByRole("heading", { name: "Add 1Password or another Daybook" }).waitFor();
});

test("settings_that_are_wrong_stand_beside_their_fields_and_the_token_is_not_echoed", async () => {
  const { page } = owner;
  await page.goto(`${base}/sources/new?kind=upstream`);
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByLabel("URL").fill(upstream.url);
  await page.getByLabel("Kinds of events").fill("No Feature");
  await page.getByRole("button", { name: "Add source" }).click();
  await page.getByRole("alert").getByText("Kinds of events").waitFor();
  await assertAccessible(page);
  assert.equal(await page.getByLabel("URL").inputValue(), upstream.url);
  assert.ok(!(await page.content()).includes(TOKEN), "the token is not on the page");
  await screenshot(page, "source-new-wrong");
});

test("a_test_names_the_hop_that_fails_and_what_mends_it_and_keeps_what_was_typed", async () => {
  const { page } = owner;
  await page.goto(`${base}/sources/new?kind=upstream`);
  await page.getByLabel("Source name").fill("Mirror");
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByLabel("URL").fill(`http://127.0.0.1:${await freePort()}`);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("heading", { name: "The way there is broken" }).waitFor();
  const hops = page.locator(".hops li");
  assert.deepEqual(await hops.locator(".verdict").allTextContents(), ["passed", "failed"]);
  await assertAccessible(page);
  await screenshot(page, "source-test-failed");

  await page.getByLabel("URL").fill(upstream.url);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("heading", { name: "The way there works" }).waitFor();
  await hops.last().getByText("Brings in itemusages").waitFor();
  assert.equal(await page.getByLabel("Source name").inputValue(), "Mirror");
  assert.ok(!(await page.content()).includes(TOKEN), "the token is not on the page");
  await screenshot(page, "source-test-passed");
});

test("it_says_following_once_everything_is_here", async () => {
  const { page } = owner;
  await page.getByRole("button", { name: "Add source" }).click();
  await page.getByText("“Mirror” is added and at work").waitFor();
  await says(page, "Following");
  await page.getByRole("row", { name: /Item usages/ }).getByText("25", { exact: true }).waitFor();
  await page.getByText("What is unread is kept").waitFor();
  await page.getByRole("heading", { name: "Audit events and sign-in attempts do not come in" }).waitFor();
  await page.getByText("In 30 days: 25 events brought in").first().waitFor();
  await assertAccessible(page);
  await screenshot(page, "source");
});

test("what_is_wrong_is_told_with_what_mends_it", async () => {
  const { page } = owner;
  upstream.refuse = 401;
  await says(page, "Stopped");
  await page.getByText("Next:").first().waitFor();
  await assertAccessible(page);
  await screenshot(page, "source-stopped");
  await page.goto(base);
  await page.getByRole("heading", { name: /The source “Mirror”: stopped/ }).waitFor();
  await assertAccessible(page);
  await screenshot(page, "home-source-stopped");
  await page.getByRole("link", { name: /^Look at it/ }).click();
  upstream.refuse = undefined;
  await page.getByRole("button", { name: /^Try now/ }).first().click();
  await page.getByText("tries at once").waitFor();
  await says(page, "Following");
});

test("what_is_paused_is_not_read_and_goes_on", async () => {
  const { page } = owner;
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("“Mirror” is paused").first().waitFor();
  upstream.events.push(itemUsage(25, 0));
  await page.waitForTimeout(2500);
  await page.reload();
  await page.getByRole("row", { name: /Item usages/ }).getByText("25", { exact: true }).waitFor();
  await screenshot(page, "source-paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("“Mirror” is at work again").waitFor();
  await eventually(async () => {
    await page.reload();
    return (await page.getByRole("row", { name: /Item usages/ }).getByText("26", { exact: true }).count()) === 1;
  });
});

test("settings_change_without_the_token_being_typed_again", async () => {
  const { page } = owner;
  await page.locator("#main").getByRole("link", { name: "Change settings" }).last().click();
  await page.getByText("One is kept sealed").waitFor();
  await page.getByLabel("Source name").fill("Mirror of Acme");
  await page.getByText("More settings").click();
  await page.getByLabel("Longest wait between requests (seconds)").fill("2");
  await page.getByRole("button", { name: "Change settings" }).click();
  await page.getByText("“Mirror of Acme” is changed").waitFor();
  await says(page, "Following");
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("The way there works").waitFor();
  await screenshot(page, "source-test");
});

test("what_catches_up_says_how_far_it_is", async () => {
  const { page } = owner;
  await page.goto(`${base}/sources/new?kind=upstream`);
  await page.getByLabel("Source name").fill("Slow");
  // Of another token, and so with a budget of its own: the first page comes at once, and each further one in six seconds.
  await page.getByLabel("Token").fill(`${TOKEN}-else`);
  await page.getByLabel("URL").fill(upstream.url);
  await page.getByLabel("Past to begin with (days)").fill("1");
  await page.getByText("More settings").click();
  await page.getByLabel("Requests per minute").fill("10");
  await page.getByRole("button", { name: "Add source" }).click();
  await page.getByText("“Slow” is added").waitFor();
  await says(page, "Catching up");
  await page.getByRole("progressbar", { name: "Item usages: the part of the past that is here" }).waitFor();
  await page.getByText(/\d+ % is here/).waitFor();
  await assertAccessible(page);
  await screenshot(page, "source-catching-up");
  await page.setViewportSize(VIEWPORTS.phone);
  await assertNoSidewaysScroll(page);
  await screenshot(page, "source-catching-up-phone");
  await page.setViewportSize(VIEWPORTS.laptop);
  await page.locator("#main").getByRole("link", { name: "Remove" }).last().click();
  await page.getByText(/The \d+ events that it has brought in stay in the log/).waitFor();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("“Slow” is removed").waitFor();
});

test("every_page_of_sources_is_for_everybody_in_both_themes_and_fits_a_phone", async () => {
  const { page, context } = owner;
  await page.goto(`${base}/sources`);
  const own = await page.getByRole("link", { name: "Mirror of Acme", exact: true }).getAttribute("href");
  const list = `${new URL(base).pathname}/sources`;
  const paths = {
    sources: list,
    "source-kinds": `${list}/new`,
    "source-new": `${list}/new?kind=upstream`,
    "source-details": own,
    "source-settings": `${own}/settings`,
    "source-remove": `${own}/remove`,
  };
  const urls = Object.entries(paths).map(([name, path]) => [name, hub.url + path]);
  await assertForEverybody(browser, context, Object.fromEntries(urls));
});

test("adding_testing_and_removing_a_source_work_without_javascript", async () => {
  const { context } = owner;
  const bare = await browser.newContext({
    javaScriptEnabled: false, ignoreHTTPSErrors: true, storageState: await context.storageState(),
  });
  const page = await bare.newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(`${base}/sources/new`);
  await page.getByRole("link", { name: "1Password or another Daybook" }).click();
  await page.getByLabel("Source name").fill("Plain");
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByLabel("URL").fill(upstream.url);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("heading", { name: "The way there works" }).waitFor();
  await page.getByRole("button", { name: "Add source" }).click();
  await page.getByText("“Plain” is added").waitFor();
  await says(page, "Following");
  await page.locator("#main").getByRole("link", { name: "Remove" }).last().click();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("“Plain” is removed").waitFor();
  assert.equal(await page.getByRole("link", { name: "Plain" }).count(), 0);
  await bare.close();
});

test("the_audit_trail_tells_what_was_done_to_sources", async () => {
  const { page } = owner;
  await page.goto(`${base}/audit`);
  for (const did of [
    "Added the source", "Changed the settings of the source", "Paused the source", "Resumed the source",
    "Removed the source",
  ]) {
    assert.ok((await page.getByText(did).count()) > 0, did);
  }
  assert.ok(!(await page.content()).includes(TOKEN));
});
