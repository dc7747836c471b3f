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

/** Whether a frame has a mark; an empty one holds of none. */
export function holds(mark: string, frame: Frame): boolean {
  return mark.split(";").some((way) => way !== "" && way.split("&").every((test) => passes(test.trim(), frame)));
}

function passes(test: string, frame: Frame): boolean {
  const [, place = "", unlike, words] = TEST.exec(test) ?? [];
  const fits = found(place, frame).some((value) => suits(value, words));
  return fits !== (unlike === "!");
}

function found(place: string, frame: Frame): unknown[] {
  if (place === "@event") return [frame.event];
  if (place === "@data") return [frame.data ?? ""];
  let values = [frame.value];
  for (const step of place.match(STEP) ?? []) {
    values = values.flatMap((value) => {
      if (step === "[]") return Array.isArray(value) ? value : [];
      return isObject(value) && Object.hasOwn(value, step) ? [value[step]] : [];
    });
  }
  return values;
}

function suits(value: unknown, words: string | undefined): boolean {
  if (words === undefined) return says(value);
  const said = isObject(value) || Array.isArray(value) ? undefined : String(value);
  return words.split("|").some((word) => word === "*" || (said !== undefined && like(word.trim(), said)));
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
