/**
 * Cuts a stream into frames, on bytes: a character or a frame may be cut anywhere between chunks.
 *
 * Whole lines go on at once, and an unfinished one waits for its end. So a line that an answer
 * breaks off in is never seen by a client, which could only fail on it.
 */

/** An SSE block ends with a blank line, an NDJSON frame with its line. */
export type Framing = "sse" | "ndjson";

/** What a client gets of a frame. */
export interface Frame {
  /** The payload; null where there is none. */
  readonly data: string | null;
  /** The SSE event type. */
  readonly event: string;
  /** Whether it has an SSE id, by which clients resume. */
  readonly identified: boolean;
  /** The payload as JSON; undefined where it is none. */
  readonly value: unknown;
}

/** An unfinished line that is longer than this does not wait. */
const MAX_LINE = 64 * 1024;
/** A frame that is larger is not read. The final events of some dialects say the whole answer again. */
const MAX_FRAME = 1024 * 1024;

const LF = 10;
const CR = 13;
const BLANKS = new Set([9, 32]);
const NOTHING = new Uint8Array(0);
const TEXT = new TextDecoder();

/** Cuts one stream. */
export class Cutter {
  /** Whether the last frame with a payload was too large to be read. */
  tooLarge = false;
  #framing: Framing;
  #held: Uint8Array = NOTHING; // the unfinished line, as far as it waits
  #gone: Uint8Array[] = []; // what has gone on of the unfinished frame
  #size = 0;
  #inFrame = false;
  #inLine = false;
  #midLine = false; // what has gone on ends in the middle of a line
  #cr = false; // the last byte was a CR
  #pairs = false; // a CRLF has been seen

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /** Whether what has gone on ends where a frame does. */
  get between(): boolean {
    return this.#gone.length === 0 && !(this.#cr && this.#pairs);
  }

  /** Take a chunk; return what goes on now, and the frames that are whole. */
  take(chunk: Uint8Array): { ready: Uint8Array; frames: Frame[] } {
    const frames: Frame[] = [];
    const bytes = joined([this.#held, chunk]);
    let begin = 0; // of the frame
    let ready = 0; // the end of the last whole line
    for (let at = this.#held.length; at < bytes.length; at++) {
      const ending = this.#step(bytes[at]!);
      if (ending !== "none") ready = at + 1;
      if (ending === "frame") {
        frames.push(...this.#whole(bytes.subarray(begin, ready)));
        begin = ready;
      }
    }
    if (!this.#inFrame || bytes.length - ready > MAX_LINE) ready = bytes.length;
    if (ready > 0) this.#midLine = this.#inFrame && this.#inLine && ready === bytes.length;
    this.#held = bytes.slice(ready);
    if (this.#inFrame && ready > begin) this.#keep(bytes.slice(begin, ready));
    return { ready: bytes.subarray(0, ready), frames };
  }

  /** Say that the stream is over; return what still waits, and the last frame if it only lacks its end. */
  rest(): { held: Uint8Array; frames: Frame[] } {
    const held = this.#held;
    const frames = this.#inFrame ? this.#read(held) : [];
    return { held, frames: frames.filter((frame) => held.length === 0 || isWhole(frame)) };
  }

  /** Return what ends the part of a frame that has gone on, so that another frame can follow. */
  closing(): string {
    if (this.#gone.length === 0) return "";
    if (this.#midLine) return this.#framing === "sse" ? "\n\n" : "\n";
    // Without data it is no event yet: what follows becomes one with it.
    if (this.#read(NOTHING).every((frame) => frame.data === null)) return "";
    return this.#cr ? "\n\n" : "\n"; // a LF behind a CR would only be the rest of a line end
  }

  /** Take a byte; say what it ends. */
  #step(byte: number): "none" | "line" | "frame" {
    const second = byte === LF && this.#cr;
    this.#pairs ||= second;
    this.#cr = byte === CR && this.#framing === "sse";
    if (second) return "line";
    if (byte === LF || this.#cr) {
      const whole = this.#inFrame && (this.#framing === "ndjson" || !this.#inLine);
      if (whole) this.#inFrame = false;
      this.#inLine = false;
      return whole ? "frame" : "line";
    }
    this.#inLine = true;
    this.#inFrame ||= this.#framing === "sse" || !BLANKS.has(byte);
    return "none";
  }

  #keep(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size > MAX_FRAME) this.#gone = [NOTHING];
    else this.#gone.push(bytes);
  }

  #whole(end: Uint8Array): Frame[] {
    const frames = this.#read(end);
    this.#gone = [];
    this.#size = 0;
    return frames;
  }

  /** Read the unfinished frame, with these bytes as its end. */
  #read(end: Uint8Array): Frame[] {
    if (this.#size + end.length > MAX_FRAME) {
      this.tooLarge = true;
      return [];
    }
    const text = TEXT.decode(joined([...this.#gone, end]));
    const frame = this.#framing === "sse" ? block(text) : line(text);
    this.tooLarge &&= frame.data === null;
    return [frame];
  }
}

/** Whether the payload of a frame that has no end is not torn. */
function isWhole({ data, value }: Frame): boolean {
  return value !== undefined || data === "[DONE]";
}

function block(text: string): Frame {
  const data: string[] = [];
  let event = "";
  let identified = false;
  for (const each of text.split(/\r\n|\n|\r/)) {
    const colon = each.indexOf(":");
    const name = colon < 0 ? each : each.slice(0, colon);
    const value = colon < 0 ? "" : each.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "event") event = value;
    else if (name === "id") identified = true;
  }
  return frame(data.length > 0 ? data.join("\n") : null, event, identified);
}

function line(text: string): Frame {
  return frame(text.trim() || null, "", false);
}

function frame(data: string | null, event: string, identified: boolean): Frame {
  let value: unknown;
  let read = false;
  return {
    data,
    event,
    identified,
    get value() {
      if (!read && data !== null) value = parsed(data);
      read = true;
      return value;
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function joined(parts: Uint8Array[]): Uint8Array {
  const some = parts.filter((part) => part.length > 0);
  if (some.length < 2) return some[0] ?? NOTHING;
  const whole = new Uint8Array(some.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of some) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
