import assert from "node:assert";
import OpenAI from "openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";

const [baseURL, model] = process.argv.slice(2);
const messages = [{ role: "user", content: "你是谁？" }];
const client = new OpenAI({ baseURL, apiKey: "none" });

const whole = await client.chat.completions.create({ model, messages });
assert(whole.choices[0].message.content.includes("AutoGLM"));
let streamed = "";
let thought = "";
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  streamed += chunk.choices[0].delta.content ?? "";
  thought += chunk.choices[0].delta.reasoning_content ?? "";
}
assert.equal(streamed, whole.choices[0].message.content);
assert.equal(thought, whole.choices[0].message.reasoning_content);
const scored = await client.chat.completions.create({ model, messages, n: 2, logprobs: true, top_logprobs: 1 });
for (const choice of scored.choices) {
  assert.equal(choice.message.content, streamed);
  const told = choice.logprobs.content.flatMap((token) => token.bytes);
  assert(Buffer.from(told).toString().includes(streamed));
}
await assert.rejects(client.chat.completions.create({ model, messages, n: 0 }), OpenAI.BadRequestError);
await assert.rejects(
  client.chat.completions.create({ model, messages, response_format: { type: "json_object" } }),
  OpenAI.BadRequestError,
);

const sdk = createOpenAICompatible({ name: "autoglm", baseURL, apiKey: "none" })(model);
const generated = await generateText({ model: sdk, prompt: "你是谁？" });
assert.equal(generated.text, whole.choices[0].message.content);
assert.equal(generated.reasoningText, thought);
let text = "";
for await (const piece of streamText({ model: sdk, prompt: "你是谁？" }).textStream) text += piece;
assert.equal(text, generated.text);
console.log("node: openai and the AI SDK agree");
