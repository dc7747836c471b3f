/**
 * A Cloudflare Worker in front of streamed answers.
 *
 * It lets them through as they come. In silence it sends a sign of life, and where an answer ends
 * without the end that its dialect has, it says so in words on which the dialect's clients raise.
 * It never reads a stream twice (`tee` would let the origin run on when the client has left), keeps
 * nothing and logs nothing.
 */

import { framingOf } from "./dialects";
import { carried } from "./stream";
import { Watch } from "./watch";

/** The `vars` of `wrangler.jsonc`. */
export interface Settings {
  /** Where answers come from. */
  readonly ORIGIN: string;
  /** What paths that stream begin with. */
  readonly PATHS: readonly string[];
  /** Seconds of silence before a sign of life; 0: none. */
  readonly HEARTBEAT_SECONDS: number;
}

const UNREACHABLE = {
  error: { type: "server_error", code: "origin_unreachable", message: "The origin could not be reached." },
};

export default {
  async fetch(request, settings): Promise<Response> {
    const streams = settings.PATHS.some((path) => new URL(request.url).pathname.startsWith(path));
    let answer: Response;
    try {
      answer = await fetch(asked(request, settings.ORIGIN, streams));
    } catch {
      return Response.json(UNREACHABLE, { status: 502, headers: { "cache-control": "no-store" } });
    }
    const framing = framingOf(answer.headers);
    // An answer that came compressed all the same passes as it is: nothing can be put into it.
    if (!streams || !framing || !answer.ok || !answer.body || answer.headers.has("content-encoding")) {
      return answer;
    }
    const watch = new Watch(framing, request, answer.headers);
    const body = carried(answer.body, watch, settings.HEARTBEAT_SECONDS * 1000);
    return new Response(body, { status: answer.status, statusText: answer.statusText, headers: kept(answer.headers) });
  },
} satisfies ExportedHandler<Settings>;

/** Return the request for the origin: the same path, wherever that is, and no cache on the way. */
function asked(request: Request, origin: string, streams: boolean): Request {
  const url = new URL(request.url);
  const target = new URL(origin);
  target.pathname = url.pathname; // not by joining: "//elsewhere" is a path, and no host
  target.search = url.search;
  const headers = new Headers(request.headers);
  // A compressor holds what it has, and nothing could be put between its bytes.
  if (streams) headers.set("accept-encoding", "identity");
  const { method, body } = request;
  return new Request(target, { method, headers, body, redirect: "manual", cache: "no-store" });
}

/** Return the headers of an answer whose length nobody knows, and that nobody may keep or change. */
function kept(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete("content-length");
  copy.set("cache-control", "no-store, no-transform");
  return copy;
}
