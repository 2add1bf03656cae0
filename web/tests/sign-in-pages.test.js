/** The pages around signing in, each as it looks to everybody in every state; and doing with passkeys alone. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  VIEWPORTS, addAuthenticator, assertAccessible, assertNoSidewaysScroll, launchBrowser, openPage, screenshot,
} from "./support/browser.js";
import { OWNER, PASSWORD, becomeOwner, fillPerson, signIn } from "./support/console.js";
import { startHub } from "./support/hub.js";

const ADA = { name: "Ada Osei", email: "ada@acme.example" };
const LOOKS = [["phone", "light"], ["phone", "dark"], ["laptop", "light"], ["laptop", "dark"]];

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

/** Whether the path of the page is this one, whatever is behind it. */
const at = (path) => (url) => url.pathname === path;

/** The page that is there now, in each size and theme, as it is meant to be. */
async function look(page, name) {
  const before = page.viewportSize();
  for (const [size, theme] of LOOKS) {
    await page.setViewportSize(VIEWPORTS[size]);
    await page.emulateMedia({ colorScheme: theme });
    await assertNoSidewaysScroll(page);
    await assertAccessible(page);
    await screenshot(page, `${name}-${size}-${theme}`);
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light" });
}

async function account() {
  return (await hub.manage("GET", "/accounts"))[0].uuid;
}

/** A link that the hub makes, as our browser reaches it. */
function ours(link) {
  const { pathname, hash } = new URL(link);
  return `${hub.url}${pathname}${hash}`;
}

test("the_set_up_link_fills_in_its_code_and_leaves_no_trace_in_the_address", async () => {
  const { page, finish } = await openPage(browser);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const link = hub.setupLink();
  const code = new URL(link).hash.slice(1);
  await page.goto(link);
  assert.equal(await page.getByLabel("One-time code").inputValue(), code);
  assert.equal(page.url(), `${hub.url}/setup`);
  assert.ok(asked.every((url) => !url.split("#")[0].includes(code)), "no request has the code in its address");
  await look(page, "setup");

  await page.getByLabel("Account name").fill("Acme");
  await fillPerson(page, OWNER);
  await page.getByLabel("Password", { exact: true }).fill("password1234");
  await page.getByRole("button", { name: "Create the owner" }).click();
  await page.getByRole("alert").first().waitFor();
  assert.equal(await page.getByLabel("One-time code").inputValue(), code, "what was typed stays");
  assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "");
  await look(page, "setup-again");
  await finish();
});

test("a_passkey_added_at_the_welcome_is_enough_alone_and_then_stays", async () => {
  const { page, finish } = await openPage(browser);
  const authenticator = await addAuthenticator(page);
  await becomeOwner(page, hub);
  await page.waitForURL(/\/me\?welcome=yes$/);
  await look(page, "welcome");
  await page.getByLabel("Name of the new passkey").fill("Laptop");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("heading", { name: "Laptop" }).waitFor();
  assert.equal((await authenticator.credentials()).length, 1);
  await page.getByText("The passkey “Laptop” is added.").waitFor();

  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("This device has a passkey for you already.").waitFor();
  await look(page, "me");

  await page.locator("summary", { hasText: "Rename the passkey Laptop" }).click();
  await page.getByLabel("New name").fill("Desk");
  await page.getByRole("button", { name: "Rename", exact: true }).click();
  await page.getByText("The passkey is called “Desk” from now on.").waitFor();

  await page.context().clearCookies();
  await page.goto(`${hub.url}/sign-in`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL(/\/accounts\/[A-Z2-7]{26}$/);
  await page.goto(`${hub.url}/me`);
  await page.getByText("with a passkey, since").waitFor();

  await page.getByText("Do without a password").click();
  await page.locator("#remove_password").fill(PASSWORD);
  await page.getByRole("button", { name: "Remove the password" }).click();
  await page.getByText("Your password is gone").waitFor();
  await page.getByRole("button", { name: "Remove the passkey Desk" }).click();
  await page.getByRole("alert").getByText("This is your last way in").waitFor();
  await look(page, "me-last-way-in");

  await page.context().clearCookies();
  await signIn(page, hub, OWNER);
  await page.getByText("Email and password do not match.").waitFor();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.waitForURL(/\/accounts\//);
  await page.goto(`${hub.url}/me`);
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set a password" }).click();
  await page.getByText("Your new password holds").waitFor();
  await finish();
});

test("who_has_no_passkey_is_told_so_and_not_let_in", async () => {
  const { page, finish } = await openPage(browser);
  await addAuthenticator(page);
  await page.goto(`${hub.url}/sign-in`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("Nothing was sent: no passkey was chosen.").waitFor();
  assert.deepEqual((await page.context().cookies()).filter(({ name }) => name.includes("session")), []);
  await finish();
});

test("an_invitation_a_reset_and_a_failure_are_for_everybody", async () => {
  const { page, finish } = await openPage(browser);
  const { link } = await hub.manage("POST", `/accounts/${await account()}/invitations`, { email: ADA.email, role: "viewer" });
  await page.goto(ours(link));
  assert.equal(page.url(), `${hub.url}/join`);
  await look(page, "join");
  await page.getByRole("button", { name: "Look at the invitation" }).click();
  await page.getByRole("heading", { name: "Join Acme" }).waitFor();
  await look(page, "join-accept");
  await page.getByLabel("Your name").fill(ADA.name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await page.waitForURL(at("/me"));
  await page.getByText("You belong to Acme now, as viewer.").waitFor();
  await page.locator("summary", { hasText: ADA.name }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByText("You are signed out.").waitFor();
  await look(page, "sign-in");
  await signIn(page, hub, ADA, "not her password");
  await page.getByText("Email and password do not match.").waitFor();
  await look(page, "sign-in-again");
  const { uuid } = (await hub.manage("GET", "/people")).find(({ email }) => email === ADA.email);
  await page.goto(ours((await hub.manage("POST", `/people/${uuid}/reset-link`)).link));
  await look(page, "reset");
  await finish();
});

test("without_javascript_the_code_is_typed_and_passwords_let_people_in", async () => {
  const { page, finish } = await openPage(browser, { javaScript: false });
  const email = "cleo@acme.example";
  const { link } = await hub.manage("POST", `/accounts/${await account()}/invitations`, { email, role: "administrator" });
  await page.goto(`${hub.url}/join`);
  await page.getByLabel("Code of the invitation").fill(link);
  await page.getByRole("button", { name: "Look at the invitation" }).click();
  await page.getByLabel("Your name").fill("Cleo Maar");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Join", exact: true }).click();
  await page.waitForURL(at("/me"));
  // Searches by text pass over what is for browsers without script.
  assert.ok(await page.locator("noscript").isVisible(), "it says what is missing");
  assert.ok(!await page.getByRole("button", { name: "Add a passkey" }).isVisible(), "nothing that would not work");
  await page.goto(`${hub.url}/sign-in`);
  await page.waitForURL(/\/accounts\//);
  await screenshot(page, "me-without-javascript");
  await finish();
});
