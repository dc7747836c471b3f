// What a client makes of streams: the arguments are a base URL, and paths below it. The first
// segment of a path says who asks. One JSON document is printed, with an entry for each path.

/** @param {Record<string, (url: string, heard: object) => Promise<void>>} asking */
export async function tell(asking) {
  const [base, ...paths] = process.argv.slice(2);
  const told = {};
  for (const path of paths) {
    const heard = { text: "", reasoning: "", tool: "", events: 0, error: null };
    try {
      await asking[path.split("/")[0]](`${base}/${path}`, heard);
    } catch (error) {
      heard.error = problem(error);
    }
    told[path] = heard;
  }
  process.stdout.write(JSON.stringify(told), () => process.exit(0));
}

/** An error as the client threw it. */
export function problem(error) {
  const { code = null, status = null, type = null, cause } = error;
  return { name: error.constructor.name, message: error.message, code, status, type,
    cause: cause?.message ?? null };
}
