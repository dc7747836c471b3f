// npm `ollama`: a chat as a stream.
import { Ollama } from "ollama";
import { tell } from "./told.mjs";

async function chat(host, heard) {
  const messages = [{ role: "user", content: "hi" }];
  const stream = await new Ollama({ host }).chat({ model: "m", messages, stream: true });
  for await (const { message, done_reason: finish } of stream) {
    heard.events += 1;
    heard.text += message.content ?? "";
    heard.reasoning += message.thinking ?? "";
    heard.tool += message.tool_calls ? JSON.stringify(message.tool_calls[0].function.arguments) : "";
    heard.finish = finish;
  }
}

await tell({ chat });
