// npm `@modelcontextprotocol/sdk`: the call of a tool, with its progress.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { tell } from "./told.mjs";

async function tool(url, heard) {
  const client = new Client({ name: "c", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const onprogress = ({ message }) => { heard.events += 1; heard.progress = message; };
  const asking = client.callTool({ name: "f", arguments: {} }, undefined, { onprogress });
  const result = await asking.finally(() => client.close());
  heard.text = result.content[0].text;
  heard.tool = result.structuredContent.said;
}

await tell({ tool });
