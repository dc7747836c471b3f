// npm `ai`: what `useChat` stands on. The transport alone, with `readUIMessageStream`, and a chat.
import { AbstractChat, DefaultChatTransport, readUIMessageStream } from "ai";
import { problem, tell } from "./told.mjs";

const question = { id: "q", role: "user", parts: [{ type: "text", text: "hi" }] };

/** The state that a framework's hook would hold. */
class State {
  messages = [];
  status = "ready";
  error = undefined;
  pushMessage = (message) => { this.messages = [...this.messages, message]; };
  popMessage = () => { this.messages = this.messages.slice(0, -1); };
  replaceMessage = (at, message) => { this.messages = this.messages.with(at, message); };
  snapshot = (value) => structuredClone(value);
}

class Chat extends AbstractChat {
  constructor(options) {
    super({ ...options, id: "c", state: new State() });
  }
}

function note(heard, message) {
  for (const part of message?.parts ?? []) {
    if (part.type === "text") heard.text += part.text;
    if (part.type === "reasoning") heard.reasoning += part.text;
    if (part.type === "tool-f") heard.tool += JSON.stringify(part.input ?? null);
  }
}

async function message(url, heard) {
  const transport = new DefaultChatTransport({ api: url });
  const chunks = await transport.sendMessages({ chatId: "c", messages: [question] });
  const counted = chunks.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      heard.events += 1;
      heard.finish = chunk.finishReason ?? heard.finish;
      controller.enqueue(chunk);
    },
  }));
  let last;
  const options = { stream: counted, terminateOnError: true };
  for await (const one of readUIMessageStream(options)) last = one;
  note(heard, last);
}

async function chat(url, heard) {
  const transport = new DefaultChatTransport({ api: url });
  const asking = new Chat({
    transport,
    onError(error) { heard.error = problem(error); },
    onFinish({ finishReason }) { heard.finish = finishReason; },
  });
  await asking.sendMessage({ text: "hi" });
  heard.status = asking.status;
  note(heard, asking.messages.find(({ role }) => role === "assistant"));
}

/** A transport that keeps the link to the last answer, and the statuses it saw. */
function keeping(url, heard) {
  heard.statuses = [];
  let link;
  const headers = { authorization: "Bearer alice" };
  return new DefaultChatTransport({
    api: url,
    headers,
    async fetch(...request) {
      const response = await fetch(...request);
      heard.statuses.push(response.status);
      link ??= url + response.headers.get("content-location");
      return response;
    },
    prepareReconnectToStreamRequest: () => ({ api: link, headers }),
  });
}

async function opened(transport, heard) {
  const chat = new Chat({ transport, onError(error) { heard.error = problem(error); } });
  await chat.resumeStream();
  heard.status = chat.status;
  heard.messages = chat.messages.length;
  note(heard, chat.lastMessage);
}

/** Leaves in the middle, and opens the chat again. */
async function resume(url, heard) {
  const transport = keeping(url, heard);
  const gone = new Chat({ transport });
  const asked = gone.sendMessage({ text: "hi" });
  const begun = ({ role, parts }) => role === "assistant" && parts.some(({ text }) => text);
  while (!gone.messages.some(begun)) await new Promise(setImmediate);
  await gone.stop();
  await asked;
  await opened(transport, heard);
}

/** Reads to the end, and opens the chat again. */
async function reload(url, heard) {
  const transport = keeping(url, heard);
  await new Chat({ transport }).sendMessage({ text: "hi" });
  await opened(transport, heard);
}

await tell({ message, chat, resume, reload });
