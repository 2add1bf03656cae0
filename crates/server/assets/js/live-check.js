/**
 * Keeps a part of a page up to date until it has nothing more to tell.
 *
 *   <div data-live data-url="/…/check" aria-live="polite" data-trouble="#id">…</div>   <p id="id" hidden>…</p>
 *
 * The answer of data-url is the new inside of the element, as HTML. It is asked for every two seconds while somebody
 * looks at the page, and for the last time when the answer holds an element with data-done (or has status 204). The
 * inside is only touched when it differs, so that a screen reader hears changes and the focus stays. An answer that is
 * a redirect means that the session has ended: the page is loaded again. While the hub does not answer, #id is shown.
 */

const INTERVAL_MS = 2000;
const INTERVAL_IN_TROUBLE_MS = 10000;
const ANSWER_TIME_MAX_MS = 10000;

const isDone = (element) => element.hasAttribute("data-done") || element.querySelector("[data-done]") !== null;

/** Resolves at once when the page is seen, otherwise when it is. */
function seen() {
  if (document.visibilityState === "visible") return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState !== "visible") return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
  });
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** The new inside as text; nothing when there is no more to ask; an error when the hub is in trouble. */
async function ask(url) {
  const answer = await fetch(url, {
    headers: { Accept: "text/html" },
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_TIME_MAX_MS),
  });
  if (answer.type === "opaqueredirect" || answer.status === 401) {
    location.reload();
    return null;
  }
  if (answer.status === 204 || answer.status === 404) return null;
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
}

function show(element, html) {
  const inside = new DOMParser().parseFromString(html, "text/html").body;
  element.replaceChildren(...inside.childNodes);
  element.dispatchEvent(new Event("daybook:changed", { bubbles: true }));
}

async function keepUpToDate(element) {
  const trouble = element.dataset.trouble && document.querySelector(element.dataset.trouble);
  let last = null;
  let wait = INTERVAL_MS;
  while (element.isConnected && !isDone(element)) {
    await pause(wait);
    await seen();
    try {
      const html = await ask(element.dataset.url);
      if (html === null) return;
      if (html !== last) show(element, html);
      last = html;
      wait = INTERVAL_MS;
    } catch {
      wait = INTERVAL_IN_TROUBLE_MS;
    }
    if (trouble) trouble.hidden = wait === INTERVAL_MS;
  }
}

for (const element of document.querySelectorAll("[data-live][data-url]")) keepUpToDate(element);
