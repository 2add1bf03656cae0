/**
 * Passkeys: registering one, and signing in with one.
 *
 *   <form data-passkey="register" data-start="/…" data-finish="/…" data-csrf="…" data-error="#id" hidden
 *         data-cancelled="…" data-known="…" data-failed="…"><button>…</button></form>   <p id="id" role="alert"></p>
 *
 * data-passkey is `register` or `sign-in`. Sending the form posts its fields as JSON to data-start; the answer holds
 * the options in the JSON form of Web Authentication (level 3, 5.1.8 and 5.1.9). What the authenticator says goes to
 * data-finish in the JSON form too; the answer's `location` is where to go. Both posts carry `X-CSRF-Token`. The form
 * is `hidden` in the HTML and shown where the browser knows passkeys. Words for people come from the HTML, or from the
 * `message` of an answer.
 */

class Refused extends Error {}

async function post(url, csrf, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
    redirect: "error",
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(typeof content.message === "string" ? content.message : "");
  return content;
}

/* The JSON forms, for browsers that do not have them */

function bytesOf(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function base64urlOf(buffer) {
  const text = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const withBytes = (descriptors) => (descriptors ?? []).map((it) => ({ ...it, id: bytesOf(it.id) }));

function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return {
    ...json,
    challenge: bytesOf(json.challenge),
    user: { ...json.user, id: bytesOf(json.user.id) },
    excludeCredentials: withBytes(json.excludeCredentials),
  };
}

function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return { ...json, challenge: bytesOf(json.challenge), allowCredentials: withBytes(json.allowCredentials) };
}

function jsonOf(credential) {
  if (credential.toJSON) {
    try {
      return credential.toJSON();
    } catch {
      // Some password managers put a credential of their own in its place, which has no working toJSON.
    }
  }
  const { response } = credential;
  const common = {
    id: credential.id,
    rawId: base64urlOf(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
  return { ...common, response: "attestationObject" in response ? registrationOf(response) : assertionOf(response) };
}

function registrationOf(response) {
  const key = response.getPublicKey?.();
  return {
    clientDataJSON: base64urlOf(response.clientDataJSON),
    attestationObject: base64urlOf(response.attestationObject),
    authenticatorData: base64urlOf(response.getAuthenticatorData()),
    transports: response.getTransports?.() ?? [],
    publicKey: key ? base64urlOf(key) : undefined,
    publicKeyAlgorithm: response.getPublicKeyAlgorithm(),
  };
}

function assertionOf(response) {
  return {
    clientDataJSON: base64urlOf(response.clientDataJSON),
    authenticatorData: base64urlOf(response.authenticatorData),
    signature: base64urlOf(response.signature),
    userHandle: response.userHandle ? base64urlOf(response.userHandle) : undefined,
  };
}

/* The two ceremonies */

async function perform(form) {
  const { passkey, start, finish, csrf } = form.dataset;
  const answer = await post(start, csrf, Object.fromEntries(new FormData(form)));
  const options = answer.publicKey ?? answer;
  const credential = passkey === "register"
    ? await navigator.credentials.create({ publicKey: creationOptions(options) })
    : await navigator.credentials.get({ publicKey: requestOptions(options) });
  const done = await post(finish, csrf, jsonOf(credential));
  location.assign(done.location);
}

function wordsFor(error, words) {
  if (error instanceof Refused && error.message) return error.message;
  if (error.name === "NotAllowedError" || error.name === "AbortError") return words.cancelled;
  if (error.name === "InvalidStateError") return words.known;
  return words.failed;
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  if (form.hasAttribute("data-sending")) return;
  form.setAttribute("data-sending", "");
  const alert = document.querySelector(form.dataset.error);
  if (alert) alert.textContent = "";
  try {
    await perform(form);
  } catch (error) {
    if (alert) alert.textContent = wordsFor(error, form.dataset) ?? form.dataset.failed ?? "";
  } finally {
    form.removeAttribute("data-sending");
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", send);
    form.hidden = false;
  }
}
