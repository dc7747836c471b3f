// Tries how the Worker carries an answer, with sources whose every read is seen.
import { buildSync } from "esbuild";

const { outputFiles } = buildSync({
  stdin: {
    contents: 'export { carried } from "./src/stream"; export { Watch } from "./src/watch";',
    resolveDir: ".",
  },
  bundle: true,
  format: "esm",
  write: false,
});
const { carried, Watch } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

const MINUTE = 60_000;
const headers = new Headers({ "content-type": "text/event-stream" });
const bytes = (text) => new TextEncoder().encode(text);
const watch = (path) => new Watch("sse", new Request(`https://h${path}`, { method: "POST" }), headers);
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

function source(onPull, seen = {}) {
  const own = { pull: onPull, cancel: (reason) => void (seen.cancelled = reason) };
  return new ReadableStream(own, { highWaterMark: 0 });
}

async function ended(path) {
  const body = carried(source((it) => it.error(new Error("broken"))), watch(path), MINUTE);
  try {
    return (await new Response(body).text()).includes("upstream_error") ? "told" : "silent";
  } catch {
    return "cut";
  }
}

const seen = {};
let reads = 0;
const endless = source((it) => it.enqueue(bytes(`data: ${++reads}\n\n`)), seen);
const reader = carried(endless, watch("/v1/chat"), MINUTE).getReader();
await soon();
seen["read before anybody asked"] = reads;
await reader.read();
await soon();
seen["read after one piece was taken"] = reads;
await reader.cancel("left");
seen["broken with an end"] = await ended("/v1/chat/completions");
seen["broken without one"] = await ended("/v1/unknown");
seen["timers at the end"] = process.getActiveResourcesInfo().filter((one) => one === "Timeout").length;
console.log(JSON.stringify(seen));
