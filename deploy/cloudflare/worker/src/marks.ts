/**
 * Marks: what a frame has to look like, as the dialect table writes it.
 *
 * `type=end|stop & error` is two tests that must both hold; of several marks, between `;`, one is
 * enough. A test is `place` (there is something), `place=word|word` (it is one of these; `*` stands
 * for anything) or `place!=word`. A place is `choices[].delta`; `@event` is the event type, `@data`
 * the payload as text.
 */

import type { Frame } from "./frames";

const TEST = /^([^=!]+?)\s*(?:(!?)=\s*(.*))?$/s;
const STEP = /\[\]|[^.[\]]+/g;

interface Test {
  readonly place: string;
  readonly steps: readonly string[];
  readonly unlike: boolean;
  readonly words: readonly string[] | undefined;
}

// Every mark stands in the table: there are a few dozen.
const READ = new Map<string, readonly Test[][]>();

/** Whether a frame has a mark; an empty one holds of none. */
export function holds(mark: string, frame: Frame): boolean {
  const ways = READ.get(mark) ?? read(mark);
  return ways.some((way) => way.every((test) => passes(test, frame)));
}

function read(mark: string): readonly Test[][] {
  const ways = mark.split(";").filter((way) => way !== "");
  const tests = ways.map((way) => way.split("&").map((test) => testOf(test.trim())));
  READ.set(mark, tests);
  return tests;
}

function testOf(text: string): Test {
  const [, place = "", unlike, words] = TEST.exec(text) ?? [];
  const each = words?.split("|").map((word) => word.trim());
  return { place, steps: place.match(STEP) ?? [], unlike: unlike === "!", words: each };
}

function passes({ place, steps, unlike, words }: Test, frame: Frame): boolean {
  return found(place, steps, frame).some((value) => suits(value, words)) !== unlike;
}

function found(place: string, steps: readonly string[], frame: Frame): unknown[] {
  if (place === "@event") return [frame.event];
  if (place === "@data") return [frame.data ?? ""];
  let values = [frame.value];
  for (const step of steps) {
    values = values.flatMap((value) => {
      if (step === "[]") return Array.isArray(value) ? value : [];
      return isObject(value) && Object.hasOwn(value, step) ? [value[step]] : [];
    });
  }
  return values;
}

function suits(value: unknown, words: readonly string[] | undefined): boolean {
  if (words === undefined) return says(value);
  const said = isObject(value) || Array.isArray(value) ? undefined : String(value);
  return words.some((word) => word === "*" || (said !== undefined && like(word, said)));
}

/** Whether a word is a text; a `*` in a longer one stands for any characters. */
function like(word: string, said: string): boolean {
  const [head = "", ...tail] = word.split("*");
  const last = tail.pop();
  if (last === undefined) return word === said;
  const fits = said.startsWith(head) && said.endsWith(last) && said.length >= head.length + last.length;
  return fits && tail.length === 0;
}

/** Whether a value is something: none of null, false, 0, and what is empty. */
function says(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
