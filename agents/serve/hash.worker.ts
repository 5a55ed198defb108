import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { HashJob, HashResult } from './digests.ts';

/** Reads and hashes stretches of files that the main thread has open: threads of a process share its handles. */
const buffer = Buffer.allocUnsafeSlow(1024 * 1024);

function hash({ id, fd, from, to, blockBytes, cancelled }: HashJob): HashResult {
  const whole = createHash('sha256');
  const blocks: string[] = [];
  let position = from;
  while (position < to) {
    const block = blockBytes === null ? null : createHash('sha256');
    const blockEnd = blockBytes === null ? to : Math.min(to, position + blockBytes);
    while (position < blockEnd) {
      if (Atomics.load(cancelled, 0) !== 0) return { id, error: 'cancelled' };
      const sizeBytes = readSync(fd, buffer, 0, Math.min(buffer.length, blockEnd - position), position);
      if (sizeBytes === 0) return { id, error: 'shorter' };
      const read = buffer.subarray(0, sizeBytes);
      whole.update(read);
      block?.update(read);
      position += sizeBytes;
    }
    if (block !== null) blocks.push(block.digest('hex'));
  }
  return { id, sha256: whole.digest('hex'), blocks: blockBytes === null ? null : blocks };
}

parentPort?.on('message', (job: HashJob) => {
  let result: HashResult;
  try {
    result = hash(job);
  } catch {
    result = { id: job.id, error: 'unreadable' };
  }
  parentPort?.postMessage(result);
});
