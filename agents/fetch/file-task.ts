import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { asFailure, Failure } from '../../shared/failure.ts';
import { parseHttpDate } from '../../shared/http-date.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { type Answer, judge } from './answer.ts';
import type { Request } from './exchange.ts';
import type { Head } from './http-message.ts';
import type { DeliveryContext, Item } from './item.ts';
import type { DeliveredRecord } from './journal.ts';
import type { Mark } from './part-writer.ts';
import type { SmallRequest } from './pipeline.ts';
import { redirectTarget } from './redirect.ts';
import type { Server } from './rendezvous.ts';
import { parseRetryAfter } from './retry.ts';
import { Setbacks } from './setbacks.ts';
import type { Kept, Version } from './stage.ts';
import { type Verdict, verdict } from './verdict.ts';

/** A file up to this size is held in memory until it is verified, several of them at once. */
export const SMALL_BYTES = 256 * 1024;

/**
 * What is known of one file while it is being delivered, and what both ways to deliver it do alike: ask, judge, count, set
 * aside, and bound what must not go on for ever.
 */
export class FileTask {
  readonly item: Item;
  readonly context: DeliveryContext;
  #setbacks: Setbacks | null = null;
  /** What is asked for: the source's own target, until a redirect names another. */
  target: string;
  sizeBytes: number | null;
  /** What the server said of the size before it sent any of it. */
  expectedBytes: number | null;
  /** The answer has no length: undici takes it. */
  streamed = false;
  /** The next request is not before this. */
  notBeforeMs = 0;
  /** When the last answer asks to be left alone for a while. */
  retryAfterMs: number | null = null;
  lastProgressMs = elapsedMs();
  /** Hears of every stretch that comes; what it throws ends the attempt. */
  heard: ((bytes: number) => void) | null = null;
  readonly #beganMs = elapsedMs();
  #attemptBytes = 0;
  #furthestBytes = 0;
  #reservedBytes = 0;

  constructor(context: DeliveryContext, item: Item) {
    this.context = context;
    this.item = item;
    this.target = item.source.target;
    const kept = context.stage.kept(item.key);
    this.sizeBytes = item.listedBytes ?? kept?.sizeBytes ?? context.stage.delivered(item.key)?.sizeBytes ?? null;
    this.expectedBytes = item.listedBytes;
    item.entry.sizeBytes = this.sizeBytes;
  }

  /** Most files have none. */
  get setbacks(): Setbacks {
    this.#setbacks ??= new Setbacks();
    return this.#setbacks;
  }

  /** How many bytes are set aside for it in the budget. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  beginAttempt(): void {
    this.item.entry.attempts += 1;
    this.#attemptBytes = 0;
  }

  /** What was set aside is needed by nobody. */
  releaseReserved(): void {
    this.context.budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
  }

  verdict(server: Server, version: Version, written: Mark, stated: string | null): Promise<Verdict> {
    const known = this.item.expectedSha256 ?? stated;
    return verdict(server, this.target, version, written, known, this.context.signal);
  }

  /** The note of an earlier delivery, unless that was of something else than what is expected. */
  record(): DeliveredRecord | null {
    const { key, expectedSha256 } = this.item;
    const record = this.context.stage.delivered(key);
    return expectedSha256 === null || record?.sha256 === expectedSha256 ? record : null;
  }

  /** What was delivered before and still lies there, unharmed; `null` where nothing does. */
  async stillDelivered(small: boolean): Promise<DeliveredRecord | null> {
    const record = this.record();
    const there = record === null ? undefined : statSync(record.output, { throwIfNoEntry: false });
    if (record === null || !there?.isFile() || there.size !== record.sizeBytes) return null;
    try {
      const sha256 = small
        ? createHash('sha256').update(readFileSync(record.output)).digest('hex')
        : (await this.context.writer.hash(record.output)).sha256;
      return sha256 === record.sha256 ? record : null;
    } catch {
      return null;
    }
  }

  alreadyDelivered({ sizeBytes, sha256, verified }: DeliveredRecord): true {
    const { entry, source, output } = this.item;
    Object.assign(entry, { sizeBytes, sha256, verified });
    this.context.emit({ event: 'FileUnchanged', source: source.text, output });
    return true;
  }

  delivered(sizeBytes: number, sha256: string, verified: 'sha-256' | 'length'): void {
    const { entry, source, output } = this.item;
    Object.assign(entry, { sizeBytes, sha256, verified });
    const tookMs = elapsedMs() - this.#beganMs;
    this.context.emit({ event: 'FileDelivered', source: source.text, output, sizeBytes, sha256, verified, tookMs });
  }

  request(fields: Readonly<Record<string, string>>): Request & Pick<SmallRequest, 'method' | 'fields'> {
    const { signal } = this.context;
    return { method: 'GET', target: this.target, fields: { 'want-repr-digest': 'sha-256=1', ...fields }, signal };
  }

  judge(head: Head, asked: Kept | null): Answer {
    this.retryAfterMs = retryAfterMs(head);
    const { bytes: from = 0, etag = null, sizeBytes = null } = asked ?? {};
    return judge(head, { from, etag, sizeBytes });
  }

  count(bytes: number): void {
    this.#attemptBytes += bytes;
    const haveBytes = this.item.entry.reusedBytes + this.#attemptBytes;
    // Bytes that come a second time, because nothing could be kept of the first, are no progress.
    if (haveBytes > this.#furthestBytes) {
      this.#furthestBytes = haveBytes;
      this.lastProgressMs = elapsedMs();
    }
    this.item.entry.fetchedBytes += bytes;
    this.context.rate.count(bytes);
    this.context.changed();
    this.heard?.(bytes);
  }

  /** Sets aside what the file takes of the budget. Throws `over-budget`. */
  reserve(sizeBytes: number): void {
    if (!this.item.inOutbox || this.context.budget.leftBytes === Number.POSITIVE_INFINITY) return;
    this.releaseReserved();
    // What lies there already gives its place to it.
    const moreBytes = sizeBytes - (statSync(this.item.output, { throwIfNoEntry: false })?.size ?? 0);
    if (!this.context.budget.reserve(Math.max(0, moreBytes))) throw overBudget(sizeBytes);
    this.#reservedBytes = Math.max(0, moreBytes);
  }

  /** Answers that are no file. */
  elsewhere(server: Server, answer: Answer | null): false {
    if (answer?.kind !== 'elsewhere') {
      throw new Failure('bad-answer', 'The server answers a condition that the request did not make.');
    }
    this.setbacks.redirected();
    this.target = redirectTarget(answer.location, server.exchange.address, this.target);
    return false;
  }

  /** A whole body of a source that changed. `null` to start again; where `--snapshot` has it delivered: why it is no more. */
  unrest(wholeBytes: number): Failure | null {
    const { stage, snapshot } = this.context;
    try {
      this.restart(wholeBytes, snapshot);
      stage.drop(this.item.key);
      return null;
    } catch (thrown) {
      if (!snapshot) throw thrown;
      return asFailure(thrown);
    }
  }

  /** The source is another one than what is here is of. Throws `changing` when that goes on and on. */
  restart(discardedBytes: number, keep = false): void {
    const { text } = this.item.source;
    if (!keep) this.context.stage.drop(this.item.key);
    this.#furthestBytes = 0;
    this.setbacks.changed(text);
    this.context.emit({ event: 'SourceChanged', source: text, discardedBytes });
  }

  /** What came is not what was sent. Throws `unverified` when that happens again and again. */
  mismatch(discardedBytes: number): void {
    const { source, expectedSha256 } = this.item;
    const wasExpected = expectedSha256 !== null;
    this.setbacks.mismatched(source.text, wasExpected);
    const reason = `what came is not what ${wasExpected ? 'is expected' : 'the server says it sent'}`;
    this.context.emit({ event: 'DamageFound', source: source.text, reason, discardedBytes });
  }
}

/** By the server's own clock, with which this payload's need not agree. */
function retryAfterMs({ fields }: Head): number | null {
  const header = fields.get('retry-after');
  if (header === undefined) return null;
  return parseRetryAfter(header, parseHttpDate(fields.get('date') ?? '', 0) ?? Math.floor(Date.now() / 1000));
}

export function overBudget(sizeBytes: number | null): Failure {
  const size = sizeBytes === null ? 'more' : `${sizeBytes} bytes`;
  return new Failure('over-budget', `The budget has no room for ${size}.`);
}
