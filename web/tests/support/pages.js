/**
 * A small server of pages made up by a test, with the console's real assets beside them and a policy as strict as the
 * console's: what the modules do can be tested without the rest of the hub.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ASSETS = fileURLToPath(new URL("../../../crates/server/assets", import.meta.url));
const SAVE_BUTTON = fileURLToPath(new URL("../../node_modules/@1password/save-button/built/index.js", import.meta.url));
const TYPES = { ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };

const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; " +
  "frame-ancestors 'none'";

/** What the button's page allows besides 'self': the hash of the one style that the package writes. */
export function saveButtonStyle() {
  const [, style] = /<style>([^]*?)<\/style>/.exec(readFileSync(SAVE_BUTTON, "utf8"));
  return `'sha256-${createHash("sha256").update(style).digest("base64")}'`;
}

/** A whole page around the inside of its main part. */
export function htmlPage(main, modules = ["console.js"]) {
  const scripts = modules.map((name) => `<script type="module" src="/assets/${name}"></script>`).join("");
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Test</title>
    <link rel="icon" href="/assets/favicon.svg"><link rel="stylesheet" href="/assets/console.css">
    ${scripts}</head><body><main><h1>Test</h1>${main}</main></body></html>`;
}

/**
 * Serves `routes`, an object of "METHOD /path" to a function of (body, request) that returns HTML or
 * `{status, headers, body}`. `style` widens `style-src`.
 */
export async function servePages(routes, { style = "" } = {}) {
  const policy = `${POLICY}; style-src 'self' ${style}`.trim();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    let body = "";
    for await (const part of request.setEncoding("utf8")) body += part;
    const route = routes[`${request.method} ${pathname}`];
    const answer = route ? await route(body, request) : asset(pathname);
    const { status = 200, headers = {}, body: content = "" } = typeof answer === "object" ? answer : { body: answer };
    const type = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
    response.writeHead(status, { ...type, ...headers }).end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://localhost:${server.address().port}`, stop };
}

function asset(pathname) {
  const name = path.posix.basename(pathname);
  const extension = path.extname(name);
  const own = path.join(ASSETS, extension === ".js" ? "js" : "", name);
  const file = name === "save-button.js" ? SAVE_BUTTON : own;
  if (!pathname.startsWith("/assets/") || !existsSync(file)) return { status: 404 };
  return { headers: { "content-type": TYPES[extension] ?? "text/plain" }, body: readFileSync(file) };
}
