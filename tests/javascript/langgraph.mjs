// npm `@langchain/langgraph-sdk`: a run as a stream.
import { Client } from "@langchain/langgraph-sdk";
import { tell } from "./told.mjs";

async function run(apiUrl, heard) {
  const client = new Client({ apiUrl, callerOptions: { maxRetries: 0 } });
  const stream = client.runs.stream(null, "agent", { input: {}, streamMode: "messages-tuple" });
  for await (const { event, data } of stream) {
    heard.events += 1;
    if (event === "messages") {
      heard.text += data[0].content;
      heard.tool += data[0].tool_call_chunks?.[0]?.args ?? "";
    }
    if (event === "values") heard.whole = data.messages[0].content;
    if (event === "error") heard.run = data;
  }
}

await tell({ run });
