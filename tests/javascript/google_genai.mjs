// npm `@google/genai`: contents as a stream.
import { GoogleGenAI } from "@google/genai";
import { tell } from "./told.mjs";

async function contents(baseUrl, heard) {
  const client = new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl } });
  const stream = await client.models.generateContentStream({ model: "m", contents: "hi" });
  for await (const { candidates } of stream) {
    heard.events += 1;
    for (const { content, finishReason } of candidates ?? []) {
      for (const { text, thought, functionCall } of content?.parts ?? []) {
        heard[thought ? "reasoning" : "text"] += text ?? "";
        heard.tool += functionCall ? JSON.stringify(functionCall.args) : "";
      }
      heard.finish = finishReason ?? heard.finish;
    }
  }
}

await tell({ contents });
