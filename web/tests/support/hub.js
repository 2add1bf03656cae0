/**
 * A hub of one's own for a test file: the real binary on a fresh data directory and a free port, as
 * https://localhost:PORT (passkeys need a host name). DAYBOOK_BINARY names the binary, target/debug/daybook otherwise.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const BINARY = process.env.DAYBOOK_BINARY ?? path.join(ROOT, "target/debug/daybook");
const START_TIME_MAX_MS = 30_000;
const POLL_INTERVAL_MS = 50;

/** Every hub of this process, so that none outlives it. */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Starts a hub; `stop()` it after the tests. `options` are further ones of `daybook serve`, `env` further variables. */
export async function startHub(options = [], env = {}) {
  assert.ok(existsSync(BINARY), `${BINARY} is missing: run \`cargo build\`, or name another in DAYBOOK_BINARY`);
  const directory = mkdtempSync(path.join(tmpdir(), "daybook-web-"));
  const hub = new Hub(directory, await freePort());
  await hub.start(options, env);
  return hub;
}

class Hub {
  constructor(directory, port) {
    this.directory = directory;
    this.port = port;
    /** How the browser reaches it. */
    this.url = `https://localhost:${port}`;
    this.log = "";
  }

  async start(options, variables) {
    const place = ["--listen", `127.0.0.1:${this.port}`, "--public-url", this.url];
    // Nothing of the environment may reach another hub.
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith("DAYBOOK_"));
    const env = { ...Object.fromEntries(others), ...variables, DAYBOOK_DATA_DIR: this.directory };
    this.child = spawn(BINARY, ["serve", ...place, ...options], { env, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (data) => { this.log += data; });
    }
    const file = await this.#serverFile();
    this.ca = file.ca && readFileSync(file.ca);
  }

  async #serverFile() {
    const file = path.join(this.directory, "server.json");
    const end = Date.now() + START_TIME_MAX_MS;
    while (Date.now() < end) {
      assert.equal(this.child.exitCode, null, `the hub ended before it was ready:\n${this.log}`);
      const content = existsSync(file) && readJson(file);
      if (content && content.pid === this.child.pid) return content;
      await pause(POLL_INTERVAL_MS);
    }
    assert.fail(`the hub was not ready within ${START_TIME_MAX_MS} ms:\n${this.log}`);
  }

  /** Stops it as a person would, and removes its data. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, "exit");
      this.child.kill("SIGTERM");
      await ended;
    }
    running.delete(this.child);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The link with which the first person makes himself the owner: https://localhost:PORT/setup#CODE. */
  setupLink() {
    const link = this.#secret("setup.link");
    // Whatever name of this machine it carries, the browser uses ours.
    const { pathname, search, hash } = new URL(link);
    return `${this.url}${pathname}${search}${hash}`;
  }

  /** One call of the management API, `/manage/v1` + `target`: the JSON of the answer. */
  async manage(method, target, body) {
    const authorization = `Bearer ${this.#secret("admin.token")}`;
    const { status, text } = await this.request(method, `/manage/v1${target}`, { authorization }, body);
    assert.ok(status < 300, `${method} ${target}: ${status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** One request outside of the browser, with the hub's own authority trusted. */
  async request(method, target, headers = {}, body = undefined) {
    const data = body === undefined ? undefined : JSON.stringify(body);
    const type = data === undefined ? {} : { "content-type": "application/json" };
    const options = { method, ca: this.ca, headers: { ...type, ...headers } };
    const request = https.request(this.url + target, options);
    request.end(data);
    const [answer] = await once(request, "response");
    let text = "";
    for await (const part of answer.setEncoding("utf8")) text += part;
    return { status: answer.statusCode, headers: answer.headers, text };
  }

  #secret(name) {
    return readFileSync(path.join(this.directory, name), "utf8").trim();
  }
}

/** Half a file is no file yet. */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** A port that was free a moment ago: the hub's public address has to be known before it listens. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
