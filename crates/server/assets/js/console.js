/**
 * The entry that every page of the console loads: comfort on top of pages that work without it.
 *
 *   <button data-copy="#id" data-copied="…" data-copy-failed="…" hidden>
 *                                           copies the text or value of #id; a [data-copy-label] inside says so too
 *   <time datetime="…" data-local>          the reader's zone, the exact time in the title; data-local="date" or "time"
 *   <… data-flash><button data-dismiss hidden>                              takes a message away
 *   <details class="menu">                  closes on Escape, and on a click or with the Tab key elsewhere
 *   <form data-confirm-unsaved>             leaving asks first, until it is sent or a [data-saved] control is used;
 *                                           data-confirm-unsaved="changed" asks only after a change
 *   <form method="post">                    is sent once, unless it is data-repeatable (a download)
 *   <input data-filter="#list" data-filter-status="#id" data-none="…" data-one="…" data-many="{count} …">
 *                                           hides the [data-filter-text] of #list that lack one of the words
 *
 * Controls that need script are `hidden` in the HTML and shown here. Words for people come from the HTML. Markup that
 * arrives later is taken in when its element sends the event `daybook:changed`.
 */

const COPIED_FOR_MS = 2000;

const all = (root, selector) => [...root.querySelectorAll(selector)];

/** One live region for all short messages; a region has to be there before it speaks. */
const announcer = document.createElement("div");

function announce(text) {
  announcer.textContent = "";
  // Two equal messages in a row are two messages.
  requestAnimationFrame(() => { announcer.textContent = text ?? ""; });
}

/* Copy buttons */

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  if (!source) return;
  const text = "value" in source ? source.value : source.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    selectAll(source);
    announce(button.dataset.copyFailed);
    return;
  }
  announce(button.dataset.copied);
  showCopied(button);
}

/** The browser refused: the text is selected, so that one key copies it. */
function selectAll(source) {
  if ("select" in source) {
    source.select();
  } else {
    getSelection().selectAllChildren(source);
  }
}

function showCopied(button) {
  const label = button.querySelector("[data-copy-label]");
  if (!label || !button.dataset.copied || button.hasAttribute("data-done")) return;
  const before = label.textContent;
  label.textContent = button.dataset.copied;
  button.setAttribute("data-done", "");
  setTimeout(() => {
    label.textContent = before;
    button.removeAttribute("data-done");
  }, COPIED_FOR_MS);
}

/* Times */

/** The reader's own kind of the page's language (English pages: en-GB for those who read that). */
function locale() {
  const language = document.documentElement.lang || "en";
  return navigator.languages.find((it) => it.split("-")[0] === language.split("-")[0]) ?? language;
}

const STYLES = {
  date: { dateStyle: "medium" },
  time: { timeStyle: "medium" },
  datetime: { dateStyle: "medium", timeStyle: "short" },
};

function showLocalTime(element) {
  const time = new Date(element.dateTime);
  if (Number.isNaN(time.getTime())) return;
  const style = STYLES[element.dataset.local] ?? STYLES.datetime;
  element.textContent = new Intl.DateTimeFormat(locale(), style).format(time);
  const exact = new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "long" }).format(time);
  element.title = `${time.toISOString().replace("T", " ").replace(/(\.000)?Z$/, " UTC")} = ${exact}`;
  element.removeAttribute("data-local");
}

/* Messages and menus */

function dismiss(button) {
  const flash = button.closest("[data-flash]");
  if (!flash) return;
  const hadFocus = flash.contains(document.activeElement);
  flash.remove();
  const main = document.querySelector("main");
  if (hadFocus && main) {
    main.tabIndex = -1;
    main.focus({ preventScroll: true });
  }
}

const openMenus = () => all(document, "details.menu[open]");

function closeMenuOnEscape(event) {
  if (event.key !== "Escape") return;
  const menu = openMenus().at(-1);
  if (!menu) return;
  const hadFocus = menu.contains(document.activeElement);
  menu.open = false;
  if (hadFocus) menu.querySelector("summary")?.focus();
}

function closeMenusElsewhere(target) {
  for (const menu of openMenus()) {
    if (!menu.contains(target)) menu.open = false;
  }
}

/* Forms */

function askBeforeLeaving(form) {
  let asks = form.dataset.confirmUnsaved !== "changed";
  form.removeAttribute("data-confirm-unsaved");
  form.addEventListener("input", () => { asks = true; });
  const rest = () => { asks = false; };
  form.addEventListener("submit", rest);
  for (const control of all(document, "[data-saved]")) {
    control.addEventListener(control.matches("form") ? "submit" : "click", rest);
  }
  addEventListener("beforeunload", (event) => { if (asks) event.preventDefault(); });
}

function sendOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("data-repeatable")) return;
  if (form.hasAttribute("data-sending")) {
    event.preventDefault();
    return;
  }
  form.setAttribute("data-sending", "");
  // Said, not done: a disabled button would lose the focus, and its own name and value would not be sent.
  for (const button of submitButtons(form)) button.setAttribute("aria-disabled", "true");
}

const submitButtons = (form) => [...form.elements].filter((it) => it.type === "submit");

/** A page that comes back with the browser's Back button can be sent again. */
function allowSendingAgain() {
  for (const form of all(document, "form[data-sending]")) {
    form.removeAttribute("data-sending");
    for (const button of submitButtons(form)) button.removeAttribute("aria-disabled");
  }
}

/* Filter as you type */

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function filter(input) {
  const list = document.querySelector(input.dataset.filter);
  if (!list) return;
  const words = folded(input.value).split(/\s+/).filter(Boolean);
  let count = 0;
  for (const item of all(list, "[data-filter-text]")) {
    const text = folded(item.dataset.filterText);
    item.hidden = !words.every((word) => text.includes(word));
    if (!item.hidden) count += 1;
  }
  const { none = "", one = "", many = "" } = input.dataset;
  const said = count === 0 ? none : count === 1 ? one : many.replace("{count}", String(count));
  const status = input.dataset.filterStatus && document.querySelector(input.dataset.filterStatus);
  if (status) status.textContent = said;
}

/* All together */

function takeIn(root) {
  all(root, "time[data-local]").forEach(showLocalTime);
  all(root, "button[data-copy][hidden], button[data-dismiss][hidden]").forEach((it) => { it.hidden = false; });
  all(root, "form[data-confirm-unsaved]").forEach(askBeforeLeaving);
}

announcer.setAttribute("role", "status");
announcer.className = "visually-hidden";
document.body.append(announcer);
takeIn(document);
// What a browser left in the field when it came back to this page.
all(document, "input[data-filter]").filter((it) => it.value).forEach(filter);

document.addEventListener("click", (event) => {
  closeMenusElsewhere(event.target);
  const copyButton = event.target.closest("button[data-copy]");
  if (copyButton) copy(copyButton);
  const dismissButton = event.target.closest("button[data-dismiss]");
  if (dismissButton) dismiss(dismissButton);
});
// Not when the focus moves: a press of the mouse moves it too, and what it meant to click could move away.
document.addEventListener("keyup", (event) => {
  if (event.key === "Tab") closeMenusElsewhere(document.activeElement);
});
document.addEventListener("keydown", closeMenuOnEscape);
document.addEventListener("submit", sendOnce);
document.addEventListener("input", (event) => {
  if (event.target.matches("input[data-filter]")) filter(event.target);
});
document.addEventListener("daybook:changed", (event) => takeIn(event.target));
addEventListener("pageshow", (event) => { if (event.persisted) allowSendingAgain(); });
