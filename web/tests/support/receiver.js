/** A receiver of webhooks on this machine, which answers as a test wants it to. */

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Starts one; `stop()` it after the tests. `events` are the bodies that it took, parsed; `answer`, a function of a body,
 * gives the status: 204 unless a test says otherwise.
 */
export async function startReceiver(port = 0) {
  const receiver = { events: [], answer: () => 204 };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    const body = JSON.parse(text);
    const status = receiver.answer(body);
    if (status < 300) receiver.events.push(body);
    response.writeHead(status, { "content-type": "text/plain" }).end(status < 300 ? "" : "no such field: aux_info");
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  receiver.port = server.address().port;
  receiver.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return receiver;
}
