/** The module of passkeys with the browser's own authenticator and a server that writes down what it is sent. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";

import { addAuthenticator, launchBrowser, openPage } from "./support/browser.js";
import { htmlPage, servePages } from "./support/pages.js";

const WORDS = 'data-cancelled="You cancelled it." data-known="It is known." data-failed="It did not work."';

const form = (kind, inside) => `<form data-passkey="${kind}" data-start="/${kind}/start" data-finish="/${kind}/finish"
  data-csrf="secret" data-error="#problem" ${WORDS} hidden>${inside}</form>`;

const page = () => htmlPage(
  `${form("register", '<input name="name" aria-label="Name" value="Laptop"><button>Add</button>')}
   ${form("sign-in", "<button>Sign in</button>")}<p id="problem" role="alert"></p>`,
  ["console.js", "passkeys.js"],
);

const json = (content, status = 200) => ({
  status, headers: { "content-type": "application/json" }, body: JSON.stringify(content),
});

let received;
let challenge;
let refusal;
let server;
let browser;

const take = (name, answer) => (body, request) => {
  received.push({ name, csrf: request.headers["x-csrf-token"], body: JSON.parse(body) });
  return refusal ?? answer();
};

const registered = () => received.filter(({ name }) => name === "register/finish");

const registration = () => json({
  challenge,
  rp: { id: "localhost", name: "Daybook" },
  user: { id: "AAECAwQFBgcICQoLDA0ODw", name: "ada@acme.example", displayName: "Ada" },
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  excludeCredentials: registered().map(({ body }) => ({ type: "public-key", id: body.id })),
  authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
  attestation: "none",
});

const authentication = () => json({ challenge, rpId: "localhost", allowCredentials: [], userVerification: "required" });

before(async () => {
  server = await servePages({
    "GET /": page,
    "GET /done": () => htmlPage("<p>Done</p>"),
    "POST /register/start": take("register/start", registration),
    "POST /register/finish": take("register/finish", () => json({ location: "/done" })),
    "POST /sign-in/start": take("sign-in/start", authentication),
    "POST /sign-in/finish": take("sign-in/finish", () => json({ location: "/done" })),
  });
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  server?.stop();
});

beforeEach(() => {
  received = [];
  refusal = undefined;
  challenge = randomBytes(32).toString("base64url");
});

/** `json` forms as the browser has them, or as the module makes them for browsers without. */
for (const has of ["with", "without"]) {
  test(`a_passkey_is_registered_and_signs_in (${has} the browser's JSON forms)`, async () => {
    const opened = await openPage(browser);
    const authenticator = await addAuthenticator(opened.page);
    if (has === "without") await opened.page.addInitScript(forgetJsonForms);
    await opened.page.goto(server.url);
    await opened.page.getByRole("button", { name: "Add" }).click();
    await opened.page.getByText("Done").waitFor();
    await opened.page.goto(server.url);
    await opened.page.getByRole("button", { name: "Sign in" }).click();
    await opened.page.getByText("Done").waitFor();

    const names = received.map(({ name }) => name);
    assert.deepEqual(names, ["register/start", "register/finish", "sign-in/start", "sign-in/finish"]);
    assert.ok(received.every(({ csrf }) => csrf === "secret"));
    assert.deepEqual(received[0].body, { name: "Laptop" });
    const [{ credentialId }] = await authenticator.credentials();
    assertRegistration(received[1].body, Buffer.from(credentialId, "base64").toString("base64url"));
    assertSignIn(received[3].body, received[1].body.id);
    await opened.finish();
  });
}

function forgetJsonForms() {
  PublicKeyCredential.parseCreationOptionsFromJSON = undefined;
  PublicKeyCredential.parseRequestOptionsFromJSON = undefined;
  PublicKeyCredential.prototype.toJSON = undefined;
}

const clientData = (body) => JSON.parse(Buffer.from(body.response.clientDataJSON, "base64url").toString());

function assertRegistration(body, id) {
  assert.deepEqual([body.id, body.rawId, body.type], [id, id, "public-key"]);
  const { type, challenge: signed, origin } = clientData(body);
  assert.deepEqual([type, signed, origin], ["webauthn.create", challenge, server.url]);
  for (const member of ["attestationObject", "authenticatorData", "publicKey"]) {
    assert.match(body.response[member], /^[\w-]+$/, member);
  }
  assert.deepEqual([body.response.publicKeyAlgorithm, body.response.transports], [-7, ["internal"]]);
  assert.equal(typeof body.clientExtensionResults, "object");
}

function assertSignIn(body, id) {
  assert.equal(body.id, id);
  assert.equal(clientData(body).type, "webauthn.get");
  assert.equal(body.response.userHandle, "AAECAwQFBgcICQoLDA0ODw");
  for (const member of ["authenticatorData", "signature"]) assert.match(body.response[member], /^[\w-]+$/, member);
}

test("a_passkey_that_is_there_is_not_registered_twice", async () => {
  const opened = await openPage(browser);
  await addAuthenticator(opened.page);
  await opened.page.goto(server.url);
  await opened.page.getByRole("button", { name: "Add" }).click();
  await opened.page.getByText("Done").waitFor();
  await opened.page.goto(server.url);
  await opened.page.getByRole("button", { name: "Add" }).click();
  await opened.page.getByText("It is known.").waitFor();
  await opened.finish();
});

test("whoever_does_not_pass_reads_what_happened", async () => {
  const opened = await openPage(browser);
  const authenticator = await addAuthenticator(opened.page);
  await authenticator.setUserVerified(false);
  await opened.page.goto(server.url);
  await opened.page.getByRole("button", { name: "Add" }).click();
  await opened.page.getByText("You cancelled it.").waitFor();
  await opened.finish();
});

test("what_the_server_says_is_shown", async () => {
  const opened = await openPage(browser);
  await opened.page.goto(server.url);
  refusal = json({ message: "Too many tries: wait 8 seconds." }, 429);
  await opened.page.getByRole("button", { name: "Sign in" }).click();
  await opened.page.getByText("Too many tries: wait 8 seconds.").waitFor();
  refusal = { status: 502 };
  await opened.page.getByRole("button", { name: "Sign in" }).click();
  await opened.page.getByText("It did not work.").waitFor();
  await opened.finish();
});
