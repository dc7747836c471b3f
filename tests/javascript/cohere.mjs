// npm `cohere-ai`: a chat of version 2 as a stream.
import { CohereClientV2 } from "cohere-ai";
import { tell } from "./told.mjs";

async function chat(environment, heard) {
  const client = new CohereClientV2({ token: "key", environment });
  const messages = [{ role: "user", content: "hi" }];
  const stream = await client.chatStream({ model: "m", messages }, { maxRetries: 0 });
  for await (const { type, delta } of stream) {
    heard.events += 1;
    heard.text += delta?.message?.content?.text ?? "";
    heard.reasoning += delta?.message?.content?.thinking ?? "";
    heard.tool += delta?.message?.toolCalls?.function?.arguments ?? "";
    if (type === "message-end") heard.finish = delta.finishReason;
  }
}

await tell({ chat });
