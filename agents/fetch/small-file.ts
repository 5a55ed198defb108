import { createHash } from 'node:crypto';
import type { Answer } from './answer.ts';
import { conditions } from './condition.ts';
import { type FileTask, SMALL_BYTES } from './file-task.ts';
import type { DeliveredRecord } from './journal.ts';
import type { Server } from './rendezvous.ts';
import { fileFailure } from './report.ts';

/** Sets a small file aside for the bulk lane: it is larger than was thought. */
export class TooLarge extends Error {}

/**
 * Delivers a small file, which is in memory until it is verified. Resolves to whether it is delivered; `false` asks for
 * another step. Throws {@link TooLarge}, or the failure of this attempt.
 */
export async function deliverSmall(
  task: FileTask,
  server: Server,
  delivered: DeliveredRecord | null,
): Promise<boolean> {
  const { stage, small } = task.context;
  const { entry, key, output } = task.item;
  let answer: Answer | null = null;
  const bytes = await server.exchange.pipeline.ask({
    ...task.request(conditions(server, null, null, delivered)),
    receive: (head) => {
      answer = task.judge(head, null);
      if (answer.kind !== 'whole') return false;
      const { sizeBytes } = answer.version;
      if (sizeBytes === null || sizeBytes > SMALL_BYTES) {
        task.sizeBytes = sizeBytes;
        throw new TooLarge();
      }
      task.reserve(sizeBytes);
      return true;
    },
    count: (bytes) => task.count(bytes),
  });
  const judged = answer as Answer | null;
  if (judged?.kind === 'unchanged' && delivered !== null) return task.alreadyDelivered(delivered);
  if (judged?.kind !== 'whole') return task.elsewhere(server, judged);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const proof = await task.verdict(server, judged.version, { bytes: bytes.length, sha256 }, judged.stated);
  if (proof === 'damaged') {
    task.mismatch(bytes.length);
    return false;
  }
  const unrest = proof === 'changed' ? task.unrest(bytes.length) : null;
  if (proof === 'changed' && unrest === null) return false;
  const verified = proof === 'changed' ? 'length' : proof;
  await small.publish(stage.smallPart(key), output, bytes);
  const { etag, lastModified } = judged.version;
  const sizeBytes = bytes.length;
  stage.recordDelivered({ kind: 'delivered', key, output, etag, lastModified, sizeBytes, sha256, verified }, false);
  task.delivered(sizeBytes, sha256, verified);
  if (unrest !== null) entry.failure = fileFailure(unrest);
  return true;
}
