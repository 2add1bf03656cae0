/** What people do in the console, in short words for tests: sign up, walk the wizard, find things by their names. */

import assert from "node:assert/strict";

export const PASSWORD = "a quiet harbour at dusk 1867";
export const OWNER = { name: "Olga Owner", email: "olga@acme.example" };

/** The first owner, by the one-time link; the page is then signed in. */
export async function becomeOwner(page, hub, person = OWNER) {
  await page.goto(hub.setupLink());
  await page.getByLabel("Account name").fill("Acme");
  await fillPerson(page, person);
  await page.getByRole("button", { name: "Create the owner" }).click();
  await page.waitForURL((url) => url.pathname !== "/setup");
}

/** Name, email (where it is asked for), and password of somebody new. */
export async function fillPerson(page, { name, email }) {
  await page.getByLabel("Your name").fill(name);
  if (email && await page.getByLabel("Email").isEditable().catch(() => false)) await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
}

export async function signIn(page, hub, { email }, password = PASSWORD) {
  await page.goto(`${hub.url}/sign-in`);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** `/accounts/ID` of the only account of whoever is signed in. */
export async function accountPath(page, hub) {
  await page.goto(`${hub.url}/`);
  const { pathname } = new URL(page.url());
  assert.match(pathname, /^\/accounts\/[A-Z2-7]{26}$/);
  return pathname;
}

/** The whole wizard; the token, and where the integration is. The page is left at the details. */
export async function connect(page, base, system, { name, token } = {}) {
  await page.goto(`${base}/integrations/directory`);
  await page.locator("#tiles").getByRole("link", { name: system, exact: true }).click();
  if (name) await page.getByLabel("System name").fill(name);
  await page.getByRole("button", { name: "Add integration" }).click();
  if (token) await page.getByLabel("Token name").fill(token);
  await page.getByRole("button", { name: "Issue token" }).click();
  const text = await tokenOnPage(page);
  await page.getByRole("button", { name: "I have saved it" }).click();
  await page.waitForURL(/\/integrations\/[A-Z2-7]{26}\/?\??$/);
  return { token: text, path: new URL(page.url()).pathname };
}

/** The token that the page shows. */
export async function tokenOnPage(page) {
  const text = (await page.getByLabel("Bearer token", { exact: true }).textContent()).trim();
  assert.equal(text.split(".").length, 3, "a token has three parts");
  return text;
}

/** A connector's request for events. */
export function readEvents(hub, token, feature = "auditevents") {
  return hub.request("POST", `/api/v2/${feature}`, { authorization: `Bearer ${token}` }, { limit: 100, start_time: "2020-01-01T00:00:00Z" });
}

/** Asks for an action of the gear menu of a token. */
export async function tokenAction(page, token, action) {
  await page.locator("summary", { hasText: `Actions for the token ${token}` }).click();
  await page.locator("details[open]").getByRole("link", { name: action }).click();
}

/** Within this, a worker sees what was changed, does its work, and writes down how it fares. */
const SOON_MS = 20_000;

/** Whether the status of the source or destination on the page becomes this word. */
export async function says(page, word) {
  await eventually(async () => {
    await page.reload();
    return (await page.locator("h1 + .badge").textContent()) === word;
  });
}

export async function eventually(holds) {
  const end = Date.now() + SOON_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `it did not come true within ${SOON_MS} ms: ${holds}`);
    await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
}
