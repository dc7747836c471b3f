// npm `eventsource-parser`: what it dispatches.
import { EventSourceParserStream } from "eventsource-parser/stream";
import { tell } from "./told.mjs";

async function parser(url, heard) {
  const response = await fetch(url);
  heard.dispatched = [];
  // The parser drops a byte order mark; a decoder that drops one as well drops a second.
  const decoder = new TextDecoderStream("utf-8", { ignoreBOM: true });
  const text = response.body.pipeThrough(decoder);
  for await (const { event, data } of text.pipeThrough(new EventSourceParserStream())) {
    heard.events += 1;
    heard.dispatched.push([event ?? "", data]);
  }
}

await tell({ parser });
