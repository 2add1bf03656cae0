/** Destinations as an administrator uses them, against a receiver of the test's own; and as they look to everybody. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertAccessible, assertForEverybody, launchBrowser, openPage, screenshot } from "./support/browser.js";
import { accountPath, becomeOwner, eventually, says } from "./support/console.js";
import { freePort, startHub } from "./support/hub.js";
import { startReceiver } from "./support/receiver.js";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

let hub;
let browser;
let owner;
let base;
let receiver;

before(async () => {
  hub = await startHub([], { DAYBOOK_CONNECTORS__ALLOW_NETWORKS: "127.0.0.0/8" });
  receiver = await startReceiver();
  browser = await launchBrowser(hub);
  owner = await openPage(browser);
  await becomeOwner(owner.page, hub);
  base = hub.url + await accountPath(owner.page, hub);
});

after(async () => {
  await owner?.finish();
  await browser?.close();
  receiver?.stop();
  await hub?.stop();
});

test("a_list_without_destinations_says_how_to_add_one", async () => {
  const { page } = owner;
  await page.goto(base);
  await page.getByRole("navigation", { name: "Acme" }).getByRole("link", { name: "Destinations" }).click();
  await page.getByRole("heading", { name: "Events are pushed nowhere yet" }).waitFor();
  await assertAccessible(page);
  await screenshot(page, "destinations-none");
});

test("settings_that_are_wrong_stand_beside_their_fields_and_secrets_are_not_echoed", async () => {
  const { page } = owner;
  await page.goto(`${base}/destinations/new?kind=webhook`);
  await page.getByLabel("URL").fill(`http://127.0.0.1:${receiver.port}/`);
  await page.getByLabel("Secret", { exact: true }).fill("hush-hush");
  await page.getByText("More settings").click();
  await page.getByLabel("Filter").fill("category");
  await page.getByRole("button", { name: "Add destination" }).click();
  await page.getByRole("alert").getByText("Secret must begin with whsec_").waitFor();
  await assertAccessible(page);
  assert.equal(await page.getByLabel("URL").inputValue(), `http://127.0.0.1:${receiver.port}/`);
  assert.ok(!(await page.content()).includes("hush-hush"), "the secret is not on the page");
  await screenshot(page, "destination-new-wrong");
  await page.getByLabel("Secret", { exact: true }).fill(SECRET);
  await page.getByRole("button", { name: "Add destination" }).click();
  await page.getByRole("alert").getByText("Filter").waitFor();
  assert.equal(await page.getByLabel("Filter").inputValue(), "category");
});

test("a_test_names_the_hop_that_fails_and_what_mends_it_and_keeps_what_was_typed", async () => {
  const { page } = owner;
  await page.goto(`${base}/destinations/new?kind=webhook`);
  const closed = await freePort();
  await page.getByLabel("Destination name").fill("SOAR");
  await page.getByLabel("URL").fill(`http://127.0.0.1:${closed}/in`);
  await page.getByLabel("Secret", { exact: true }).fill(SECRET);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("heading", { name: "The way there is broken" }).waitFor();
  const hops = page.locator(".hops li");
  assert.deepEqual(await hops.locator(".verdict").allTextContents(), ["passed", "failed"]);
  await hops.last().getByText("Check the port, that the receiver runs").waitFor();
  await assertAccessible(page);
  await screenshot(page, "destination-test-failed");

  assert.ok(!(await page.content()).includes(SECRET), "the secret is not on the page");
  await page.getByLabel("URL").fill(`http://127.0.0.1:${receiver.port}/in`);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("heading", { name: "The way there works" }).waitFor();
  assert.equal(receiver.events.length, 1, "the test sent one event");
  assert.equal(receiver.events[0].data.aux_info, "A test of this destination by Daybook");
  assert.equal(await page.getByLabel("Destination name").inputValue(), "SOAR");
  await screenshot(page, "destination-test-passed");
});

test("it_says_connected_once_an_event_was_acknowledged", async () => {
  const { page } = owner;
  receiver.events.length = 0;
  // Not before: the receiver answers nothing good as yet.
  receiver.answer = () => 503;
  await page.getByRole("button", { name: "Add destination" }).click();
  await page.getByText("“SOAR” is added and at work").waitFor();
  await addEvent("before");
  await says(page, "Trying again");
  assert.equal(await page.getByText("Connected", { exact: true }).count(), 0);
  await page.getByRole("link", { name: "Destinations", exact: true }).first().click();
  await page.getByRole("row", { name: /SOAR/ }).getByText("never").waitFor();
  await page.getByRole("link", { name: "SOAR" }).click();
  await assertAccessible(page);
  await screenshot(page, "destination-retrying");

  receiver.answer = () => 204;
  await page.getByRole("button", { name: /^Try now/ }).first().click();
  await page.getByText("tries at once").waitFor();
  await says(page, "Connected");
  await eventually(() => JSON.stringify(receiver.events).includes("before"));
});

test("what_is_paused_waits_and_goes_on", async () => {
  const { page } = owner;
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("“SOAR” is paused").first().waitFor();
  receiver.events.length = 0;
  await addEvent("while-paused");
  await page.waitForTimeout(2500);
  assert.equal(receiver.events.length, 0, "nothing is sent");
  await page.reload();
  await page.getByText("oldest waits").first().waitFor();
  await screenshot(page, "destination-paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await eventually(() => JSON.stringify(receiver.events).includes("while-paused"));
});

test("a_replay_delivers_the_past_once_more", async () => {
  const { page } = owner;
  await says(page, "Connected");
  receiver.events.length = 0;
  await page.locator("#main").getByRole("link", { name: "Replay", exact: true }).last().click();
  await page.getByLabel("Since").fill("2099-01-01T00:00");
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByRole("alert").getByText("That is still to come").waitFor();
  await assertAccessible(page);
  await screenshot(page, "destination-replay");
  await page.getByLabel("Since").fill("2020-01-01T00:00");
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("delivered to “SOAR” once more").waitFor();
  await eventually(() => JSON.stringify(receiver.events).includes("while-paused"));
  await eventually(async () => {
    await page.reload();
    return (await page.getByRole("row").getByText("Done", { exact: true }).count()) === 1;
  });
  await screenshot(page, "destination");
});

test("what_is_refused_for_good_is_kept_and_can_be_delivered_or_given_up", async () => {
  const { page } = owner;
  receiver.answer = (body) => (JSON.stringify(body).includes("poison") ? 400 : 204);
  await addEvent("poison-1");
  await addEvent("poison-2");
  await addEvent("wholesome");
  await eventually(() => JSON.stringify(receiver.events).includes("wholesome"));
  await page.goto(`${base}/destinations`);
  await page.getByRole("row", { name: /SOAR/ }).getByRole("link", { name: "2" }).click();
  await page.getByText("no such field").first().waitFor();
  await page.getByText("The event").first().click();
  await assertAccessible(page);
  await screenshot(page, "dead-letters");

  await page.getByRole("link", { name: /^Discard number/ }).first().click();
  await assertAccessible(page);
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByText("One dead letter is discarded").waitFor();

  receiver.answer = () => 204;
  await page.getByRole("button", { name: "Redrive all" }).click();
  await page.getByText("One dead letter is delivered once more").waitFor();
  await eventually(() => JSON.stringify(receiver.events).includes("poison-1"));
  await eventually(async () => {
    await page.reload();
    return (await page.getByRole("heading", { name: "Nothing was refused" }).count()) === 1;
  });
});

test("settings_change_without_the_secret_being_typed_again", async () => {
  const { page } = owner;
  await page.goto(`${base}/destinations`);
  await page.getByRole("link", { name: "SOAR" }).click();
  await page.locator("#main").getByRole("link", { name: "Change settings" }).last().click();
  await page.getByText("One is kept sealed").waitFor();
  await page.getByLabel("Destination name").fill("SOAR production");
  await page.getByText("More settings").click();
  await page.getByLabel("Timeout (seconds)").fill("20");
  await page.getByRole("button", { name: "Change settings" }).click();
  await page.getByText("“SOAR production” is changed").waitFor();
  receiver.events.length = 0;
  await addEvent("after-the-change");
  await eventually(() => JSON.stringify(receiver.events).includes("after-the-change"));
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("The way there works").waitFor();
  await screenshot(page, "destination-test");
});

test("every_page_of_destinations_is_for_everybody_in_both_themes_and_fits_a_phone", async () => {
  const { page, context } = owner;
  await page.goto(`${base}/destinations`);
  const own = await page.getByRole("link", { name: "SOAR production" }).getAttribute("href");
  const list = `${new URL(base).pathname}/destinations`;
  const paths = {
    destinations: list,
    "destination-kinds": `${list}/new`,
    "destination-new": `${list}/new?kind=webhook`,
    "destination-details": own,
    "destination-settings": `${own}/settings`,
    "destination-replay": `${own}/replay`,
    "destination-remove": `${own}/remove`,
    "dead-letters-none": `${own}/dead-letters`,
    "dead-letters-discard": `${own}/dead-letters/discard`,
  };
  const urls = Object.entries(paths).map(([name, path]) => [name, hub.url + path]);
  await assertForEverybody(browser, context, Object.fromEntries(urls));
});

test("adding_testing_and_removing_work_without_javascript", async () => {
  const { context } = owner;
  const bare = await browser.newContext({
    javaScriptEnabled: false, ignoreHTTPSErrors: true, storageState: await context.storageState(),
  });
  const page = await bare.newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(`${base}/destinations/new`);
  await page.getByRole("link", { name: "Webhook" }).click();
  await page.getByLabel("Destination name").fill("Plain");
  await page.getByLabel("URL").fill(`http://127.0.0.1:${receiver.port}/plain`);
  await page.getByLabel("Secret", { exact: true }).fill(SECRET);
  await page.getByRole("button", { name: "Test", exact: true }).click();
  await page.getByRole("heading", { name: "The way there works" }).waitFor();
  await page.getByRole("button", { name: "Add destination" }).click();
  await page.getByText("“Plain” is added").waitFor();
  await addEvent("for-plain");
  await says(page, "Connected");
  await page.locator("#main").getByRole("link", { name: "Remove" }).last().click();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("“Plain” is removed").waitFor();
  assert.equal(await page.getByRole("link", { name: "Plain" }).count(), 0);
  await bare.close();
});

test("the_audit_trail_tells_what_was_done_to_destinations", async () => {
  const { page } = owner;
  await page.goto(`${base}/audit`);
  for (const did of [
    "Added the destination", "Changed the settings of the destination", "Paused the destination",
    "Resumed the destination", "Removed the destination", "Asked for a replay to the destination",
    "Redrove dead letters of the destination", "Discarded dead letters of the destination",
  ]) {
    assert.ok((await page.getByText(did).count()) > 0, did);
  }
  assert.ok(!(await page.content()).includes(SECRET));
  await screenshot(page, "audit-destinations");
});

/** An action of the account, which is an audit event. */
async function addEvent(name) {
  const account = new URL(base).pathname.split("/").at(-1);
  await hub.manage("POST", `/accounts/${account}/integrations`, { name, kind: "other" });
}
