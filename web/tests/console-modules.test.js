/** The console's own modules on small pages made up here: copying, times, menus, forms, filter, live check, set-up. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launchBrowser, openPage } from "./support/browser.js";
import { htmlPage, servePages } from "./support/pages.js";

const sent = [];
let checks = 0;
let checkAnswers = [];
let server;
let browser;

const routes = {
  "GET /icons": () => htmlPage('<svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#plus"/></svg>'),
  "GET /copy": () => htmlPage(`<code id="token"> eyJ.x.y </code>
    <button type="button" data-copy="#token" data-copied="Copied" data-copy-failed="Select it and copy" hidden>
      <span data-copy-label>Copy</span></button>`),
  "GET /times": () => htmlPage(`
    <time datetime="2026-11-23T00:30:05Z" data-local>2026-11-23 00:30 UTC</time>
    <time datetime="2026-07-01T22:30:00.250Z" data-local="date">2026-07-01</time>
    <time datetime="yesterday" data-local>unreadable</time>`),
  "GET /menus": () => htmlPage(`
    <p data-flash><span>Saved.</span><button type="button" data-dismiss hidden>Dismiss</button></p>
    <details class="menu"><summary>One</summary><a href="/copy">Inside one</a></details>
    <details class="menu"><summary>Two</summary><a href="/copy">Inside two</a></details>`),
  "GET /token": () => htmlPage(`
    <form method="post" action="/sent" data-confirm-unsaved><button>I have saved it</button></form>
    <button type="button" data-saved>Download</button> <a href="/copy">Away</a> <input aria-label="Any">`),
  "GET /edit": () => htmlPage(`
    <form method="post" action="/sent" data-confirm-unsaved="changed"><input name="name" aria-label="Name">
    <button name="do" value="rename">Rename</button></form> <a href="/copy">Away</a>`),
  "POST /sent": async (body) => {
    sent.push(body);
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    return htmlPage("<p>Done</p>");
  },
  "GET /filter": () => htmlPage(`
    <input type="search" aria-label="Search" data-filter="#tiles" data-filter-status="#found"
    data-none="No system" data-one="One system" data-many="{count} systems"><p id="found" role="status"></p>
    <ul id="tiles"><li data-filter-text="Splunk siem">Splunk</li>
    <li data-filter-text="Microsoft Sentinel azure siem">Sentinel</li>
    <li data-filter-text="Café other">Other</li></ul>`),
  "GET /live": () => htmlPage(`<div data-live data-url="/check" aria-live="polite" data-trouble="#trouble">Waiting</div>
    <p id="trouble" hidden>The hub does not answer.</p>`, ["console.js", "live-check.js"]),
  "GET /check": () => checkAnswers[Math.min(checks++, checkAnswers.length - 1)],
  "GET /setup": () => htmlPage(`
    <form method="post" action="/sent"><input name="code" aria-label="Code" data-code-from-hash>
    <button>Go on</button></form>`, ["console.js", "setup-code.js"]),
};

before(async () => {
  server = await servePages(routes);
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  server?.stop();
});

/** Runs `look` on the page of this path; the page must do nothing that it should not. */
async function on(path, look, options) {
  const opened = await openPage(browser, options);
  await opened.page.goto(server.url + path);
  await look(opened.page, opened.context);
  await opened.finish();
}

test("icons_of_the_sprite_are_drawn_under_the_policy", () => on("/icons", async (page) => {
  await page.waitForFunction(() => document.querySelector("use").getBBox().width > 0);
}));

test("a_copy_button_copies_and_says_so", () => on("/copy", async (page, context) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "eyJ.x.y");
  assert.equal(await page.getByRole("status").textContent(), "Copied");
  await page.getByRole("button", { name: "Copy", exact: true }).waitFor();
}));

test("a_copy_that_is_refused_selects_the_text", () => on("/copy", async (page) => {
  await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error("refused")); });
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Select it and copy").waitFor({ state: "attached" });
  assert.equal(await page.evaluate(() => getSelection().toString().trim()), "eyJ.x.y");
}));

test("a_control_that_needs_script_is_not_there_without", () => on("/copy", async (page) => {
  assert.equal(await page.getByRole("button").count(), 0);
}, { javaScript: false }));

test("times_are_the_readers_with_the_exact_one_in_the_title", () => on("/times", async (page) => {
  const times = page.locator("time");
  assert.deepEqual(await times.allTextContents(), ["23 Nov 2026, 01:30", "2 Jul 2026", "unreadable"]);
  assert.equal(await times.first().getAttribute("title"), "2026-11-23 00:30:05 UTC = 23 Nov 2026, 01:30:05 CET");
}));

test("a_menu_closes_on_escape_and_elsewhere", () => on("/menus", async (page) => {
  const [one, two] = await page.locator("details").all();
  const isOpen = async () => [await one.evaluate((it) => it.open), await two.evaluate((it) => it.open)];
  await one.locator("summary").click();
  await two.locator("summary").click();
  assert.deepEqual(await isOpen(), [false, true]);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  assert.deepEqual(await isOpen(), [false, false]);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Two");
  await one.locator("summary").click();
  await page.locator("h1").click();
  assert.deepEqual(await isOpen(), [false, false]);
  await one.locator("summary").press("Enter");
  await page.keyboard.press("Tab");
  assert.deepEqual(await isOpen(), [true, false]);
  await page.keyboard.press("Tab");
  assert.deepEqual(await isOpen(), [false, false]);
}));

test("a_message_can_be_dismissed", () => on("/menus", async (page) => {
  await page.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await page.getByText("Saved.").count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.localName), "main");
}));

/** Whether the page asks when somebody leaves it; it is left. */
async function asks(page) {
  let asked = false;
  page.on("dialog", (dialog) => {
    asked ||= dialog.type() === "beforeunload";
    dialog.accept();
  });
  await page.getByRole("link", { name: "Away" }).click();
  await page.waitForURL("**/copy");
  return asked;
}

test("leaving_an_unsaved_token_asks", () => on("/token", async (page) => {
  await page.getByLabel("Any").fill("x");
  assert.equal(await asks(page), true);
}));

test("leaving_a_saved_token_does_not_ask", () => on("/token", async (page) => {
  await page.getByRole("button", { name: "Download" }).click();
  assert.equal(await asks(page), false);
}));

test("going_on_from_a_token_does_not_ask", () => on("/token", async (page) => {
  page.on("dialog", () => assert.fail("it asked"));
  await page.getByRole("button", { name: "I have saved it" }).click();
  await page.getByText("Done").waitFor();
}));

test("a_form_asks_only_after_a_change", async () => {
  await on("/edit", async (page) => assert.equal(await asks(page), false));
  await on("/edit", async (page) => {
    await page.getByLabel("Name").fill("SIEM");
    assert.equal(await asks(page), true);
  });
});

test("a_form_is_sent_once_with_its_buttons_value", () => on("/edit", async (page) => {
  sent.length = 0;
  await page.evaluate(() => {
    const button = document.querySelector("button");
    button.click();
    button.click();
  });
  await page.getByText("Done").waitFor();
  assert.deepEqual(sent, ["name=&do=rename"]);
}));

test("a_form_can_be_sent_again_after_going_back", () => on("/edit", async (page) => {
  await page.getByRole("button").click();
  await page.getByText("Done").waitFor();
  await page.goBack();
  await page.getByRole("button").click();
  await page.getByText("Done").waitFor();
}));

test("the_filter_finds_all_words_in_any_order_and_counts", () => on("/filter", async (page) => {
  const visible = () => page.locator("li:visible").allTextContents();
  const found = page.locator("#found");
  await page.getByLabel("Search").fill("siem AZURE");
  assert.deepEqual([await visible(), await found.textContent()], [["Sentinel"], "One system"]);
  await page.getByLabel("Search").fill("cafe");
  assert.deepEqual(await visible(), ["Other"]);
  await page.getByLabel("Search").fill("nothing");
  assert.deepEqual([await visible(), await found.textContent()], [[], "No system"]);
  await page.getByLabel("Search").fill("");
  assert.deepEqual([(await visible()).length, await found.textContent()], [3, "3 systems"]);
}));

test("a_live_check_shows_what_is_new_and_stops_when_done", async () => {
  checks = 0;
  const time = "<time datetime='2026-11-23T00:30:05Z' data-local>x</time>";
  checkAnswers = ["<p>Waiting still</p>", `<p data-done>First read at ${time}</p>`];
  await on("/live", async (page) => {
    await page.getByText("Waiting still").waitFor();
    await page.getByText("First read at 23 Nov 2026, 01:30").waitFor();
    await page.waitForTimeout(2500);
    assert.equal(checks, 2);
  });
});

test("a_live_check_says_when_the_hub_does_not_answer", async () => {
  checks = 0;
  checkAnswers = [{ status: 503 }];
  await on("/live", async (page) => {
    await page.getByText("The hub does not answer.").waitFor({ state: "visible" });
    assert.equal(await page.getByText("Waiting").isVisible(), true);
  });
});

test("a_live_check_of_an_ended_session_loads_the_page_again", async () => {
  checks = 0;
  checkAnswers = [{ status: 303, headers: { location: "/copy" } }];
  await on("/live", async (page) => {
    await page.waitForEvent("load");
    assert.equal(new URL(page.url()).pathname, "/live");
  });
});

test("a_setup_link_fills_in_its_code_and_forgets_it", () => on("/setup?x=1#AB%2FCD-1234", async (page) => {
  assert.equal(await page.getByLabel("Code").inputValue(), "AB/CD-1234");
  assert.equal(page.url(), `${server.url}/setup?x=1`);
}));
