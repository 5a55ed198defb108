import { createHash } from 'node:crypto';
import { brotliCompressSync, constants } from 'node:zlib';
import type { AgentName, Bundle } from './bundle.ts';
import { packedLauncher, starter } from './launcher.ts';

/** The line after the loader; the body begins right behind it. scripts/build/loader.js looks for the same. */
export const BODY_START = '\ngo()/*';

const DIGEST_BYTES = 32;
const COMMENT_END = '*/';

/** What follows the body. */
export const TAIL_BYTES = DIGEST_BYTES + COMMENT_END.length;

/**
 * One executable file, in the order of its bytes: the launcher with the loader as its last line; the body, which is
 * brotli of start.js, a NUL, the agent's JavaScript and, from the next NUL on, llhttp as it is; SHA-256 of all that. To
 * JavaScript the body and the digest are a comment, so neither may hold its end.
 */
export async function pack(agent: AgentName, { javascript, llhttp }: Bundle): Promise<Buffer> {
  // terser escapes what is not ASCII, and the loader ends the text at the first NUL.
  if (javascript.includes('\0')) throw new Error(`${agent} has a NUL in its JavaScript`);
  const head = Buffer.from((await packedLauncher(agent)) + BODY_START);
  const text = Buffer.from(`${await starter()}\0${javascript}`);
  for (let padding = ''; padding.length < 100; padding += '\n') {
    const content = Buffer.concat([text, Buffer.from(padding), llhttp ?? Buffer.alloc(1)]);
    const checked = Buffer.concat([head, compress(content)]);
    const packed = Buffer.concat([checked, createHash('sha256').update(checked).digest(), Buffer.from(COMMENT_END)]);
    if (packed.indexOf(COMMENT_END, head.length) === packed.length - COMMENT_END.length) return packed;
  }
  throw new Error(`${agent} holds the end of a comment however it is packed`);
}

/** The encoder is zlib's: Node.js 20 to 24 carry the same version of it (1.1.0), and so give the same bytes. */
export function compress(content: Uint8Array): Buffer {
  return brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}
