/** Signing in as people do: the first owner, passkeys, roles, a new password; with and without JavaScript. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import { addAuthenticator, assertAccessible, launchBrowser, openPage, screenshot } from "./support/browser.js";
import { OWNER, PASSWORD, accountPath, becomeOwner, fillPerson, signIn } from "./support/console.js";
import { startHub } from "./support/hub.js";

let hub;
let browser;
let owner;
let base;

before(async () => {
  hub = await startHub();
  browser = await launchBrowser(hub);
  owner = await openPage(browser);
});

after(async () => {
  await owner?.finish();
  await browser?.close();
  await hub?.stop();
});

test("the_first_owner_comes_in_by_the_one_time_link_and_it_works_once", async () => {
  const link = hub.setupLink();
  const late = await openPage(browser);
  await late.page.goto(link);
  await becomeOwner(owner.page, hub);
  assert.equal(new URL(owner.page.url()).pathname, "/me");
  base = hub.url + await accountPath(owner.page, hub);

  assert.ok(!late.page.url().includes("#"), "the code does not stay in the address");
  await late.page.getByLabel("Account name").fill("Evil");
  await fillPerson(late.page, { name: "Eve", email: "eve@evil.example" });
  await late.page.getByRole("button", { name: "Create the owner" }).click();
  await late.page.getByRole("alert").getByText("This code is not good").waitFor();
  await late.finish();
});

test("a_weak_password_is_refused_in_words_and_the_rest_is_kept", async () => {
  const link = await inviteBy(owner.page, "weak@acme.example", "viewer");
  const guest = await openPage(browser);
  await guest.page.goto(link);
  await guest.page.getByRole("button", { name: "Look at the invitation" }).click();
  await guest.page.getByLabel("Your name").fill("Willy Weak");
  await guest.page.getByLabel("Password", { exact: true }).fill("password1234");
  await guest.page.getByRole("button", { name: "Join" }).click();
  await guest.page.getByRole("alert").getByText("common", { exact: false }).waitFor();
  assert.equal(await guest.page.getByLabel("Your name").inputValue(), "Willy Weak");
  await assertAccessible(guest.page);
  await screenshot(guest.page, "join-weak-password");
  await guest.finish();
});

test("a_passkey_is_added_and_lets_its_person_in", async () => {
  const { page } = owner;
  const authenticator = await addAuthenticator(page);
  await page.goto(`${hub.url}/me`);
  await page.getByLabel("Name of the new passkey").fill("Test device");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("heading", { name: "Test device" }).waitFor();
  assert.equal((await authenticator.credentials()).length, 1);
  await assertAccessible(page);
  await screenshot(page, "me-with-passkey");

  await signOut(page);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/accounts/"));

  // Whoever cannot show that they are its person stays outside.
  await signOut(page);
  await authenticator.setUserVerified(false);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.locator("#passkey-error").getByText(/./).waitFor({ timeout: 20_000 });
  await authenticator.setUserVerified(true);
  await page.reload();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/accounts/"));
});

test("a_viewer_sees_events_and_no_tokens_and_no_settings", async () => {
  const link = await inviteBy(owner.page, "vera@acme.example", "viewer");
  const viewer = await openPage(browser);
  const { page } = viewer;
  await page.goto(link);
  await page.getByRole("button", { name: "Look at the invitation" }).click();
  await fillPerson(page, { name: "Vera Viewer" });
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("link", { name: "Go on to the console" }).click();
  const sections = await page.getByRole("navigation", { name: "Acme" }).getByRole("link").allTextContents();
  assert.deepEqual(sections.map((it) => it.trim()), ["Home", "Sources", "Destinations", "Events"]);
  await assertAccessible(page);
  await screenshot(page, "home-viewer");
  for (const part of ["integrations", "people", "audit", "settings"]) {
    const answer = await page.goto(`${base}/${part}`);
    assert.equal(answer.status(), 403, part);
  }
  const events = await page.goto(`${base}/events?feature=auditevents`);
  assert.equal(events.status(), 200);
  await viewer.finish();
});

test("a_suspended_person_is_out_with_the_next_click_and_can_be_let_in_again", async () => {
  const viewer = await openPage(browser);
  await signIn(viewer.page, hub, { email: "vera@acme.example" });
  await viewer.page.waitForURL((url) => url.pathname.startsWith("/accounts/"));
  const { page } = owner;
  await page.goto(`${base}/people`);
  await page.getByRole("link", { name: "Vera Viewer" }).click();
  await page.getByRole("button", { name: "Suspend" }).click();
  assert.equal((await viewer.page.goto(base)).status(), 404);
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal((await viewer.page.goto(base)).status(), 200);
  await viewer.finish();
});

test("a_wrong_password_says_no_more_than_that", async () => {
  const stranger = await openPage(browser);
  for (const email of [OWNER.email, "nobody@acme.example"]) {
    await signIn(stranger.page, hub, { email }, "not the password at all");
    await stranger.page.getByRole("alert").getByText("Email and password do not match.").waitFor();
  }
  await assertAccessible(stranger.page);
  await stranger.finish();
});

test("a_reset_link_lets_a_locked_out_person_in_and_everybody_else_out", async () => {
  const lost = await openPage(browser);
  await signIn(lost.page, hub, { email: "vera@acme.example" });
  const binary = process.env.DAYBOOK_BINARY ?? new URL("../../target/debug/daybook", import.meta.url).pathname;
  const reset = ["--data-dir", hub.directory, "person", "reset", "vera@acme.example"];
  const link = execFileSync(binary, reset, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  const vera = await openPage(browser);
  await vera.page.goto(link);
  const password = `${PASSWORD} again`;
  await vera.page.getByLabel("Password", { exact: true }).fill(password);
  await vera.page.getByRole("button", { name: "Set the password" }).click();
  await vera.page.getByText("Your new password holds").waitFor();
  await lost.page.goto(`${hub.url}/me`);
  assert.equal(new URL(lost.page.url()).pathname, "/sign-in");
  await lost.finish();
  await vera.finish();
});

test("signing_in_and_out_works_without_javascript", async () => {
  const bare = await openPage(browser, { javaScript: false });
  const { page } = bare;
  await signIn(page, hub, OWNER);
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await page.locator("summary", { hasText: "Olga Owner" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await page.goto(base);
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  await bare.close();
});

async function inviteBy(page, email, role) {
  await page.goto(`${base}/people`);
  await page.getByLabel("Email").fill(email);
  await page.locator(`input[name=role][value=${role}]`).check();
  await page.getByRole("button", { name: "Make the link" }).click();
  const link = (await page.getByText(/\/join#/).first().textContent()).trim();
  return link.replace(/^https:\/\/[^/]+/, hub.url);
}

async function signOut(page) {
  await page.locator("summary", { hasText: "Olga Owner" }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL((url) => url.pathname === "/sign-in");
}
