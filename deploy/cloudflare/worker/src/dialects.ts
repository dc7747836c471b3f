/** The dialects: how one of them is recognised, ends, fails and keeps quiet company. */

import rows from "./dialects.json";
import type { Frame, Framing } from "./frames";
import { holds, isObject } from "./marks";

/** A row of `dialects.json`, which is made from `streamward.wire.DIALECTS`. */
export interface Dialect {
  readonly name: string;
  readonly framing: string;
  /** A vendor's response header that names it, and the value. */
  readonly header: readonly string[] | null;
  /** Ends of request paths that hint at it. */
  readonly paths: readonly string[];
  /** Marks of a first frame. */
  readonly claims: readonly string[];
  /** The mark of the frames that an answer may end with; empty where only the transfer ends. */
  readonly ends: string;
  /** Whether clients resume a stream that breaks off, if its frames have ids. */
  readonly resumes: boolean;
  /** The frames on which its clients raise. */
  readonly error: string;
  /** What may be sent between two frames, and changes nothing. */
  readonly heartbeat: string;
  /** Whether it may stand behind an SSE id. */
  readonly heartbeatAfterId: boolean;
}

const TABLE: readonly Dialect[] = rows;

const FRAMINGS: Readonly<Record<string, Framing>> = {
  "text/event-stream": "sse",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "application/x-jsonlines": "ndjson",
  "application/json-lines": "ndjson",
  "application/stream+json": "ndjson",
};

/** Return how an answer is cut into frames; undefined where it is no stream that is known here. */
export function framingOf(headers: Headers): Framing | undefined {
  const [type = ""] = (headers.get("content-type") ?? "").split(";");
  return FRAMINGS[type.trim().toLowerCase()];
}

/** Guess the dialect of an answer before its first frame. */
export function expected(framing: Framing, path: string, headers: Headers): Dialect {
  const rows = rowsOf(framing);
  const asked = path.replace(/\/+$/, "");
  return (
    rows.find(({ header }) => header && headers.get(header[0]!) === header[1]) ??
    rows.find(({ paths }) => paths.some((end) => asked.endsWith(end))) ??
    rows.at(-1)!
  );
}

/** Recognise a dialect from its first frame with data; a guess is believed where that says little. */
export function recognised(framing: Framing, guess: Dialect, frame: Frame, headers: Headers): Dialect {
  if (guess.header && headers.get(guess.header[0]!) === guess.header[1]) return guess;
  if (isBareError(frame.value)) return guess;
  const rows = rowsOf(framing);
  const found = rows.find(({ claims }) => claims.some((mark) => holds(mark, frame)));
  return found ?? (saysLittle(frame.value) ? guess : rows.at(-1)!);
}

function rowsOf(framing: Framing): readonly Dialect[] {
  return TABLE.filter((row) => row.framing === framing);
}

function isBareError(value: unknown): boolean {
  return isObject(value) && Object.keys(value).join() === "error";
}

function saysLittle(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.keys(value).length === 0 || Boolean(value["error"]) || value["type"] === "error";
}
