/** Carries one answer to its client, as fast as that reads. */

import type { Watch } from "./watch";

type Piece = Uint8Array | "over" | "broken" | "silence";

/**
 * Return what the client gets of an answer.
 *
 * An answer that breaks off gets its dialect's error, and then a proper end: a transfer that is cut
 * may take the error with it. Where nothing can be said it stays cut.
 *
 * @param source the origin's answer.
 * @param watch who knows what may be sent, and when.
 * @param silence milliseconds without a byte before a sign of life; 0: none is sent.
 */
export function carried(
  source: ReadableStream<Uint8Array>,
  watch: Watch,
  silence: number,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let coming: Promise<Piece> | null = null;
  let sent = Date.now();

  async function next(): Promise<Piece> {
    coming ??= reader.read().then(
      ({ done, value }): Piece => (done ? "over" : value),
      (): Piece => "broken",
    );
    const piece = silence > 0 ? await within(coming, sent + silence - Date.now()) : await coming;
    if (piece !== "silence") coming = null;
    return piece;
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const piece = await next();
          if (piece === "over" || piece === "broken") {
            const { last, saysSo } = watch.end();
            if (last.length > 0) controller.enqueue(last);
            if (piece === "over" || saysSo) controller.close();
            else controller.error(new Error("the answer broke off"));
            return;
          }
          const bytes = piece === "silence" ? watch.heartbeat() : watch.take(piece);
          if (piece === "silence" || bytes.length > 0) sent = Date.now();
          if (bytes.length > 0) {
            controller.enqueue(bytes);
            return;
          }
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 }, // the origin is read when the client reads, and not before
  );
}

/** Return what comes within so many milliseconds, or "silence". */
async function within(coming: Promise<Piece>, milliseconds: number): Promise<Piece> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const silence = new Promise<Piece>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, milliseconds), "silence");
  });
  try {
    return await Promise.race([coming, silence]);
  } finally {
    clearTimeout(timer);
  }
}
