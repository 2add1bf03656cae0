/** A small Events API on this machine, which a source of a test reads. */

import { once } from "node:events";
import { createServer } from "node:http";

const PAGE_EVENTS_MAX = 10;

/**
 * Starts one; `stop()` it after the tests. `events` are those that there are; `features` what the token may read;
 * `refuse`, a status with which it answers instead of anything else, while there is one.
 */
export async function startUpstream() {
  const upstream = { events: [], features: ["itemusages"], refuse: undefined };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    const { status, body } = answer(upstream, request.url, text);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  upstream.url = `http://127.0.0.1:${server.address().port}`;
  upstream.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return upstream;
}

function answer(upstream, path, text) {
  if (upstream.refuse) return { status: upstream.refuse, body: { Error: { Message: "not now" } } };
  if (path.endsWith("/introspect")) return { status: 200, body: { uuid: "I", features: upstream.features } };
  if (!path.endsWith("/itemusages")) return { status: 200, body: { cursor: "0", has_more: false, items: [] } };
  const at = Number(JSON.parse(text).cursor ?? 0);
  const items = upstream.events.slice(at, at + PAGE_EVENTS_MAX);
  const end = at + items.length;
  return { status: 200, body: { cursor: `${end}`, has_more: end < upstream.events.length, items } };
}

/** An item usage of so many minutes ago. */
export function itemUsage(number, minutesAgo) {
  const timestamp = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  const user = { uuid: "U", name: "Ada", email: "ada@acme.example" };
  const client = { app_name: "1Password", app_version: "8", platform_name: "Mac", platform_version: "1", os_name: "macOS", os_version: "15", ip_address: "192.0.2.1" };
  return { uuid: `USAGE${number}`, timestamp, used_version: 1, vault_uuid: "V", item_uuid: `ITEM${number}`, action: "reveal", user, client };
}
