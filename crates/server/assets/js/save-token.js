/**
 * The Save in 1Password button beside a new bearer token.
 *
 *   <div data-save-request='{"title":…,"fields":[{"autocomplete":…,"value":…}],"notes":…,"urls":[…]}'
 *        data-save-label="…">
 *     <p data-save-absent>…what to do without the button…</p>
 *   </div>
 *
 * The button is the vendor's own element. It stays disabled until the browser extension of 1Password enables it, which
 * it does only on sites the vendor has approved. Until then it is laid out but neither seen nor reached, and the words
 * of the HTML stand in its place; so nothing here can fail in the reader's sight.
 */

import { activateOPButton, encodeOPSaveRequest } from "./save-button.js";

const BUTTON = "[data-onepassword-save-button]";

function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function makeButton(request) {
  const element = document.createElement("onepassword-save-button");
  element.setAttribute("data-onepassword-type", "api-key");
  element.setAttribute("value", encodeOPSaveRequest(request));
  element.setAttribute("lang", document.documentElement.lang || "en");
  element.setAttribute("data-theme", theme());
  element.setAttribute("padding", "none");
  return element;
}

/** Shows the button or the words, whichever is of use. */
function showEither(place, element, isEnabled) {
  // Not `display: none`: the extension looks for a button that takes part in the page.
  element.style.visibility = isEnabled ? "" : "hidden";
  element.style.position = isEnabled ? "" : "absolute";
  for (const words of place.querySelectorAll("[data-save-absent]")) words.hidden = isEnabled;
  if (isEnabled) {
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", place.dataset.saveLabel ?? "");
  } else {
    place.removeAttribute("role");
    place.removeAttribute("aria-label");
  }
}

function offerToSave(place) {
  const element = makeButton(JSON.parse(place.dataset.saveRequest));
  element.style.visibility = "hidden";
  element.style.position = "absolute";
  place.append(element);
  const button = element.shadowRoot?.querySelector(BUTTON);
  if (!button) return;
  const look = () => showEither(place, element, !button.disabled);
  new MutationObserver(look).observe(button, { attributes: true, attributeFilter: ["disabled"] });
  look();
}

const places = document.querySelectorAll("[data-save-request]");
places.forEach(offerToSave);
if (places.length > 0) activateOPButton();
