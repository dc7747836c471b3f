// npm `resumable-stream` in front of the origin: node resumable.mjs MODULES ORIGIN REDIS PORT
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { Readable } from "node:stream";

const [modules, origin, redis, port] = process.argv.slice(2);
process.env.REDIS_URL = redis;
const require = createRequire(`${modules}/`);
const { createResumableStreamContext } = require("resumable-stream/redis");
const context = createResumableStreamContext({ waitUntil: null });

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function makeStream(text) {
  const asked = fetch(`${origin}/v1/chat/completions`, { method: "POST", body: text });
  const { readable, writable } = new TextDecoderStream();
  asked.then((answer) => answer.body.pipeTo(writable));
  return readable;
}

createServer(async (request, response) => {
  const text = await body(request);
  const id = createHash("sha256").update(text).digest("hex");
  const stream = await context.resumableStream(id, () => makeStream(text));
  if (!stream) {
    response.writeHead(422).end(); // as its README has it: the stream is already done
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  Readable.fromWeb(stream).pipe(response);
}).listen(Number(port), "127.0.0.1");
