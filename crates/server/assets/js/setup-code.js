/**
 * Fills in the one-time code of a set-up link.
 *
 *   <input name="code" data-code-from-hash>
 *
 * The link carries the code behind the #, which no server and no log sees: /setup#CODE. It is moved into the field and
 * taken out of the address, so that it does not stay in the history. Without script the person types it.
 */

const field = document.querySelector("input[data-code-from-hash]");
const code = location.hash.slice(1);

if (field && code) {
  try {
    field.value = decodeURIComponent(code);
  } catch {
    field.value = code;
  }
  history.replaceState(history.state, "", location.pathname + location.search);
}
