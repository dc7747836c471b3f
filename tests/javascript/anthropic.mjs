// npm `@anthropic-ai/sdk`: messages as a plain stream, and by the helper.
import Anthropic from "@anthropic-ai/sdk";
import { tell } from "./told.mjs";

const question = { model: "m", max_tokens: 99, messages: [{ role: "user", content: "hi" }] };
const client = (baseURL) => new Anthropic({ baseURL, apiKey: "key", maxRetries: 0 });

async function messages(url, heard) {
  const stream = await client(url).messages.create({ ...question, stream: true });
  for await (const { type, delta } of stream) {
    heard.events += 1;
    heard.text += delta?.text ?? "";
    heard.reasoning += delta?.thinking ?? "";
    heard.tool += delta?.partial_json ?? "";
    if (type === "message_delta") heard.finish = delta.stop_reason;
  }
}

async function messagesHelper(url, heard) {
  const stream = client(url).messages.stream(question);
  stream.on("streamEvent", () => { heard.events += 1; });
  const { content, stop_reason: finish } = await stream.finalMessage();
  for (const block of content) {
    heard.text += block.text ?? "";
    heard.reasoning += block.thinking ?? "";
    heard.tool += block.type === "tool_use" ? JSON.stringify(block.input) : "";
  }
  heard.finish = finish;
}

async function blocks(url, heard) {
  const stream = await client(url).messages.create({ ...question, stream: true });
  heard.blocks = ["", "", "", ""];
  for await (const { index, delta } of stream) {
    if (index !== undefined) heard.blocks[index] += delta?.text ?? delta?.partial_json ?? "";
  }
}

async function blocksHelper(url, heard) {
  const { content } = await client(url).messages.stream(question).finalMessage();
  heard.blocks = content.map(({ text, input }) => text ?? JSON.stringify(input));
}

await tell({ messages, messagesHelper, blocks, blocksHelper });
