// Lets streams through the Worker's own watch, cut as asked; tells what a client would get.
import { buildSync } from "esbuild";
import { readFileSync } from "node:fs";

async function load(name) {
  const { outputFiles } = buildSync({ entryPoints: [`src/${name}.ts`], bundle: true, format: "esm", write: false });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

const { Watch } = await load("watch");
const { framingOf } = await load("dialects");

function through({ path, method, headers, chunks, beats }) {
  const own = new Headers(headers);
  const request = new Request(`https://chat.example.com${path}`, { method });
  const watch = new Watch(framingOf(own), request, own);
  const out = [];
  for (const chunk of chunks) {
    if (beats) out.push(watch.heartbeat());
    out.push(watch.take(new Uint8Array(Buffer.from(chunk, "base64"))));
  }
  const { last, saysSo } = watch.end();
  return { body: Buffer.concat([...out, last]).toString("base64"), saysSo };
}

console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(through)));
