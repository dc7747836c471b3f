// npm `@ag-ui/client`: a run of an agent over HTTP.
import { HttpAgent } from "@ag-ui/client";
import { problem, tell } from "./told.mjs";

async function agent(url, heard) {
  const asking = new HttpAgent({ url, threadId: "t" });
  await asking.runAgent({ runId: "r" }, {
    onEvent({ event }) {
      heard.events += 1;
      if (event.type === "REASONING_MESSAGE_CONTENT") heard.reasoning += event.delta;
    },
    onTextMessageContentEvent({ event }) { heard.text += event.delta; },
    onToolCallArgsEvent({ event }) { heard.tool += event.delta; },
    onRunErrorEvent({ event }) { heard.run = { code: event.code, message: event.message }; },
    onRunFailed({ error }) { heard.failed = problem(error).name; },
    onRunFinalized({ state }) { heard.state = state; },
  });
  heard.messages = asking.messages.map(({ content }) => content ?? "");
}

console.debug = console.error = () => {};

await tell({ agent });
