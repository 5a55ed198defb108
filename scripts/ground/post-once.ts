import { GroundFailure } from './failure.ts';

/** How long a request whose fate is unknown is given to arrive, before the API is asked about it. */
const SETTLE_MS = 2_000;
const POSTS = 3;

/** Sends a POST until it has been carried out exactly once: where its fate is unknown, `find` is asked before the next. */
export async function postOnce(
  context: { readonly tell: (sentence: string) => void; readonly sleep: (delayMs: number) => Promise<unknown> },
  post: () => Promise<string>,
  find: () => Promise<string | null>,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await post();
    } catch (error) {
      if (!(error instanceof GroundFailure) || error.code !== 'fate-unknown' || attempt >= POSTS) throw error;
      context.tell(`${error.message} Asking.`);
      await context.sleep(SETTLE_MS);
      const id = await find();
      if (id !== null) return id;
    }
  }
}
