// npm `openai`: chat completions and responses, each as a plain stream and by its helper.
import OpenAI from "openai";
import { tell } from "./told.mjs";

const messages = [{ role: "user", content: "hi" }];
const client = (baseURL) => new OpenAI({ baseURL, apiKey: "key", maxRetries: 0 });

function note(heard, { message: said, choice }) {
  heard.text += said.content ?? "";
  heard.reasoning += said.reasoning_content ?? "";
  heard.tool += said.tool_calls?.[0]?.function?.arguments ?? "";
  heard.finish = choice.finish_reason ?? heard.finish;
}

async function chat(url, heard) {
  const stream = await client(url).chat.completions.create({ model: "m", messages, stream: true });
  for await (const { choices } of stream) {
    heard.events += 1;
    for (const choice of choices) note(heard, { message: choice.delta, choice });
  }
}

async function chatHelper(url, heard) {
  const stream = client(url).chat.completions.stream({ model: "m", messages });
  stream.on("chunk", () => { heard.events += 1; });
  const [choice] = (await stream.finalChatCompletion()).choices;
  note(heard, { message: choice.message, choice });
}

async function choices(url, heard) {
  const stream = await client(url).chat.completions.create({ model: "m", messages, n: 2, stream: true });
  heard.choices = [0, 1].map(() => ({ text: "", tools: ["", ""] }));
  for await (const { choices: [{ index, delta }] } of stream) {
    heard.choices[index].text += delta.content ?? "";
    for (const call of delta.tool_calls ?? []) {
      heard.choices[index].tools[call.index] += call.function.arguments;
    }
  }
}

async function choicesHelper(url, heard) {
  const stream = client(url).chat.completions.stream({ model: "m", messages, n: 2 });
  const final = await stream.finalChatCompletion();
  heard.choices = final.choices.map(({ message }) => ({
    text: message.content,
    tools: message.tool_calls.map((call) => call.function.arguments),
  }));
}

async function responses(url, heard) {
  const stream = await client(url).responses.create({ model: "m", input: "hi", stream: true });
  for await (const event of stream) {
    heard.events += 1;
    if (event.type === "response.output_text.delta") heard.text += event.delta;
    if (event.type === "response.reasoning_text.delta") heard.reasoning += event.delta;
    if (event.type === "response.function_call_arguments.delta") heard.tool += event.delta;
    heard.finish = event.response?.status ?? heard.finish;
  }
}

async function responsesHelper(url, heard) {
  const stream = client(url).responses.stream({ model: "m", input: "hi" });
  stream.on("event", () => { heard.events += 1; });
  const final = await stream.finalResponse();
  const item = (type) => final.output.find((one) => one.type === type);
  heard.text = final.output_text;
  heard.reasoning = item("reasoning").content[0].text;
  heard.tool = item("function_call").arguments;
  heard.finish = final.status;
}

await tell({ chat, chatHelper, choices, choicesHelper, responses, responsesHelper });
