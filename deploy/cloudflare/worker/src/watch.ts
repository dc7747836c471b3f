/** Watches one answer: lets its bytes go on, and knows how it would have to end. */

import { type Dialect, expected, recognised } from "./dialects";
import { Cutter, type Frame, type Framing } from "./frames";
import { holds } from "./marks";

const NOTHING = new Uint8Array(0);
const BYTES = new TextEncoder();
const END_MARKERS: readonly (string | null)[] = ["", "[DONE]"];

/** One answer. */
export class Watch {
  #framing: Framing;
  #headers: Headers;
  #cutter: Cutter;
  #dialect: Dialect;
  #certain = false;
  #answersGet: boolean;
  #identified = false;
  #ended = false;

  /**
   * @param framing how it is cut into frames.
   * @param request what it answers.
   * @param headers its headers.
   */
  constructor(framing: Framing, request: Request, headers: Headers) {
    this.#framing = framing;
    this.#headers = headers;
    this.#cutter = new Cutter(framing);
    this.#dialect = expected(framing, new URL(request.url).pathname, headers);
    this.#answersGet = request.method === "GET";
  }

  /** Take a chunk; return the bytes that go on now. */
  take(chunk: Uint8Array): Uint8Array {
    const { ready, frames } = this.#cutter.take(chunk);
    for (const frame of frames) this.#note(frame);
    return ready;
  }

  /** Return a sign of life; nothing where none can stand. */
  heartbeat(): Uint8Array {
    const { heartbeat, heartbeatAfterId } = this.#dialect;
    const can = this.#cutter.between && (heartbeatAfterId || !this.#identified);
    return can ? BYTES.encode(heartbeat) : NOTHING;
  }

  /** Say that the answer is over; return its last bytes, and whether they say that it broke off. */
  end(): { last: Uint8Array; saysSo: boolean } {
    const { held, frames } = this.#cutter.rest();
    for (const frame of frames) this.#note(frame);
    if (this.#mayEnd()) return { last: held, saysSo: false };
    return { last: BYTES.encode(this.#cutter.closing() + this.#dialect.error), saysSo: true };
  }

  #mayEnd(): boolean {
    const { ends, resumes } = this.#dialect;
    const resumable = resumes && (this.#identified || this.#answersGet);
    return this.#ended || ends === "" || resumable || this.#cutter.tooLarge;
  }

  #note(frame: Frame): void {
    this.#identified ||= frame.identified;
    if (frame.data === null && frame.event === "") return;
    if (!this.#certain && !END_MARKERS.includes(frame.data) && frame.data !== null) {
      this.#dialect = recognised(this.#framing, this.#dialect, frame, this.#headers);
      this.#certain = true;
    }
    this.#ended ||= holds(this.#dialect.ends, frame);
  }
}
