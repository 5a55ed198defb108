import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { FetchEvent } from '../../shared/event.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import { parseHttpDate } from '../../shared/http-date.ts';
import { formatEntityTag, matchesStrongly, parseEntityTag } from '../../shared/validator.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { type Answer, judge } from './answer.ts';
import type { Head, Receiver } from './exchange.ts';
import type { DeliveredRecord } from './journal.ts';
import type { PartWriter } from './part-writer.ts';
import { askDigest } from './proof.ts';
import { publish } from './publish.ts';
import type { Peer, Server } from './rendezvous.ts';
import { type FileEntry, reported } from './report.ts';
import { nextTry, parseRetryAfter } from './retry.ts';
import { formatAddress, type Source } from './source.ts';
import type { Kept, Stage, Version } from './stage.ts';

/** One file to be delivered. */
export interface Item {
  readonly source: Source;
  /** Absolute path of the output. */
  readonly output: string;
  readonly key: string;
  readonly peer: Peer;
  readonly entry: FileEntry;
}

export interface DeliveryContext {
  readonly stage: Stage;
  readonly writer: PartWriter;
  readonly deadlineMs: number | null;
  /** Aborted when the window ends; its reason is the {@link Failure} that files then get. */
  readonly signal: AbortSignal;
  readonly emit: (event: FetchEvent) => void;
  /** Something in an {@link Item.entry} changed. */
  readonly changed: () => void;
}

/** A source that was another one at every try, or that never matched its digest, is given up after so many. */
const MOST_FRESH_STARTS = 4;

const MOST_REDIRECTS = 5;

/**
 * Delivers one file: request, stage, verify, publish, again and again while that can help. The outcome is in the item's
 * entry; a failure of the run itself (the window's end, the local disk) ends only this file here.
 */
export class Delivery {
  readonly #context: DeliveryContext;
  readonly #item: Item;
  readonly #beganMs = elapsedMs();
  #target: string;
  #lastProgressMs = elapsedMs();
  #freshStarts = 0;
  #mismatches = 0;
  #redirects = 0;
  #retryAfterMs: number | null = null;

  constructor(context: DeliveryContext, item: Item) {
    this.#context = context;
    this.#item = item;
    this.#target = item.source.target;
  }

  async run(): Promise<void> {
    const { entry, source } = this.#item;
    try {
      await this.#untilDelivered();
      entry.state = 'delivered';
      entry.failure = null;
    } catch (thrown) {
      const failure = asFailure(thrown);
      entry.failure = reported(failure);
      entry.state = stateAfter(failure);
      this.#context.emit({
        event: 'FileNotDelivered',
        source: source.text,
        code: failure.code,
        reason: failure.message,
        advice: failure.advice,
      });
    }
    this.#context.changed();
  }

  async #untilDelivered(): Promise<void> {
    const { item, context } = { item: this.#item, context: this.#context };
    for (let attempt = 1; ; attempt += 1) {
      const server = await item.peer.server(context.signal);
      const progressBefore = this.#lastProgressMs;
      try {
        this.#retryAfterMs = null;
        item.entry.attempts += 1;
        item.entry.state = 'fetching';
        if (await this.#attempt(server)) return;
        attempt = 0;
      } catch (thrown) {
        if (context.signal.aborted) throw context.signal.reason;
        const failure = asFailure(thrown);
        if (this.#lastProgressMs > progressBefore) attempt = 1;
        const next = nextTry({
          attempt,
          failure,
          retryAfterMs: this.#retryAfterMs,
          nowMs: elapsedMs(),
          lastProgressMs: this.#lastProgressMs,
          deadlineMs: context.deadlineMs,
          random: Math.random(),
        });
        if (next.kind === 'give-up') throw failure;
        context.emit({
          event: 'AttemptFailed',
          source: item.source.text,
          code: failure.code,
          reason: failure.message,
          attempt,
          retryInMs: next.delayMs,
        });
        if (failure.code === 'link-lost') item.peer.lost(server);
        await delay(next.delayMs, undefined, { signal: context.signal }).catch(() => {
          throw context.signal.reason;
        });
      }
    }
  }

  /** One request and what follows from it. `false` asks for another one at once. */
  async #attempt(server: Server): Promise<boolean> {
    const { stage, writer, signal } = this.#context;
    const { entry, key } = this.#item;

    const delivered = await this.#stillDelivered();
    const usable = delivered === null ? await this.#openKept(stage.kept(key)) : null;
    const complete = usable !== null && usable.bytes === usable.sizeBytes;
    const from = usable !== null && !complete ? usable.bytes : 0;

    const fields: Record<string, string> = { 'want-repr-digest': 'sha-256=1' };
    if (usable?.etag != null && from > 0) {
      fields.range = `bytes=${from}-`;
      fields['if-range'] = formatEntityTag(usable.etag);
    } else if (complete && usable.etag !== null) {
      fields['if-none-match'] = formatEntityTag(usable.etag);
    } else if (delivered?.etag != null) {
      fields['if-none-match'] = delivered.etag;
    } else if (delivered?.lastModified != null) {
      fields['if-modified-since'] = delivered.lastModified;
    }

    let answer: Answer | null = null;
    let into: Kept | null = usable;
    const receive = (head: Head): Receiver => {
      this.#retryAfterMs = parseRetryAfter(head.fields.get('retry-after'), millisecondsUntil);
      answer = judge(head, { from, etag: usable?.etag ?? null, sizeBytes: usable?.sizeBytes ?? null });
      if (answer.kind !== 'whole' && answer.kind !== 'rest') return () => undefined;
      if (answer.kind === 'whole') {
        if (usable !== null) this.#discard(usable, answer.version);
        into = stage.begin(key, this.#item.source.text, answer.version);
        // Not awaited: what the worker refuses is met when the first bytes are added.
        this.#open(into).catch(() => {});
      }
      this.#starts(answer.version, answer.kind === 'rest' ? from : 0);
      return (chunk) => {
        this.#lastProgressMs = elapsedMs();
        entry.fetchedBytes += chunk.length;
        this.#context.changed();
        return writer.take(chunk);
      };
    };

    try {
      await server.exchange.request({ method: 'GET', target: this.#target, fields, signal }, receive);
    } catch (error) {
      // What has come is written before anything else is decided.
      if (into !== null) await writer.release().catch(() => {});
      throw error;
    }
    return this.#after(server, answer, into, delivered);
  }

  /** What follows from an answer that came whole. */
  async #after(
    server: Server,
    answer: Answer | null,
    into: Kept | null,
    delivered: DeliveredRecord | null,
  ): Promise<boolean> {
    const { writer } = this.#context;
    const { entry, source, output } = this.#item;
    if (answer?.kind === 'unchanged' && delivered !== null) {
      entry.sizeBytes = delivered.sizeBytes;
      entry.sha256 = delivered.sha256;
      entry.verified = delivered.verified;
      this.#context.emit({ event: 'FileUnchanged', source: source.text, output });
      return true;
    }
    if (answer === null || answer.kind === 'elsewhere' || answer.kind === 'changed') {
      if (into !== null) await writer.release();
      if (answer?.kind === 'elsewhere') this.#follow(server, answer.location);
      else if (into !== null) this.#restart(into.bytes);
      else throw new Failure('bad-answer', 'The server says that a condition failed which was not made.');
      return false;
    }
    if (into === null) throw new Failure('bad-answer', 'The server answers 304 to a request without a condition.');
    const { bytes, sha256 } = await writer.finish();
    if (answer.kind === 'unchanged') {
      entry.reusedBytes = bytes;
      const etag = into.etag === null ? null : formatEntityTag(into.etag);
      const version = { etag, lastModified: null, sizeBytes: bytes };
      return this.#conclude(server, into, version, { bytes, sha256 }, answer.stated);
    }
    return this.#conclude(server, into, answer.version, { bytes, sha256 }, answer.stated);
  }

  /** What was delivered before and still lies in the outbox, unharmed; `null` where nothing does. */
  async #stillDelivered(): Promise<DeliveredRecord | null> {
    const { stage, writer } = this.#context;
    const record = stage.delivered(this.#item.key);
    if (record === null || statSync(record.output, { throwIfNoEntry: false })?.size !== record.sizeBytes) return null;
    const { sha256 } = await writer.hash(record.output);
    return sha256 === record.sha256 ? record : null;
  }

  /** Opens what is kept to be continued; `null` where it may not be, because nothing strong says what it is part of. */
  async #openKept(kept: Kept | null): Promise<Kept | null> {
    if (kept === null || kept.bytes === 0 || kept.sizeBytes === null || kept.etag === null || kept.etag.weak)
      return null;
    if (await this.#open(kept)) return kept;
    this.#context.stage.drop(this.#item.key);
    this.#context.emit({
      event: 'DamageFound',
      source: this.#item.source.text,
      reason: 'what was kept of it is not what was written',
      discardedBytes: kept.bytes,
    });
    return null;
  }

  #open(kept: Kept): Promise<boolean> {
    const { stage, writer } = this.#context;
    return writer.open(kept.path, kept.bytes, kept.mark, ({ bytes, sha256 }) => {
      stage.mark(this.#item.key, kept.name, bytes, sha256);
    });
  }

  #starts(version: Version, reusedBytes: number): void {
    const { entry, source } = this.#item;
    entry.sizeBytes = version.sizeBytes;
    entry.reusedBytes = reusedBytes;
    this.#context.emit({ event: 'TransferStarted', source: source.text, sizeBytes: version.sizeBytes, reusedBytes });
  }

  /** A whole body came although a part is here: of another version, or because the server does not do ranges. */
  #discard(kept: Kept, version: Version): void {
    this.#context.writer.release().catch(() => {});
    const tag = version.etag === null ? null : parseEntityTag(version.etag);
    const sameVersion = tag !== null && kept.etag !== null && matchesStrongly(tag, kept.etag);
    if (!sameVersion) this.#restart(kept.bytes);
  }

  /** The source is another one than the one that the kept bytes are of. Throws `changing` when that goes on and on. */
  #restart(discardedBytes: number): void {
    const { text } = this.#item.source;
    this.#context.stage.drop(this.#item.key);
    this.#context.emit({ event: 'SourceChanged', source: text, discardedBytes });
    this.#freshStarts += 1;
    if (this.#freshStarts >= MOST_FRESH_STARTS) {
      throw new Failure('changing', `${text} was another file at every one of ${MOST_FRESH_STARTS} tries.`);
    }
  }

  /** Follows a redirect, on the same host and port only: no other server was asked for. */
  #follow(server: Server, location: string): void {
    const base = `http://${formatAddress(server.exchange.address)}`;
    this.#redirects += 1;
    if (this.#redirects > MOST_REDIRECTS) throw new Failure('bad-answer', 'The server redirects without end.');
    let url: URL;
    try {
      url = new URL(location, `${base}${this.#target}`);
    } catch (error) {
      throw new Failure('bad-answer', 'The server redirects to what is no URL.', { cause: error });
    }
    if (url.origin !== new URL(base).origin) {
      throw new Failure(
        'refused',
        `The server redirects to ${url.origin}, which is not followed: only ${base} was asked for.`,
      );
    }
    this.#target = `${url.pathname}${url.search}`;
  }

  /** What the server says that it sent, once it knows; `null` for a server that does not say. */
  async #askDigest(server: Server, sizeBytes: number): Promise<string | null> {
    const proof = await askDigest(server, this.#target, sizeBytes, this.#context.signal);
    if (proof.kind === 'digest') return proof.sha256;
    if (proof.kind === 'none') return null;
    this.#restart(sizeBytes);
    throw new Failure('link-lost', `${this.#item.source.text} became shorter while it was fetched.`);
  }

  /** Verifies and publishes. `false` where the bytes are not what the server says: they begin anew. */
  async #conclude(
    server: Server,
    part: Kept,
    version: Version,
    written: { readonly bytes: number; readonly sha256: string },
    statedAtOnce: string | null,
  ): Promise<boolean> {
    const { stage } = this.#context;
    const { entry, key, output, source } = this.#item;
    const stated = statedAtOnce ?? (await this.#askDigest(server, written.bytes));
    if (stated !== null && stated !== written.sha256) {
      stage.drop(key);
      this.#context.emit({
        event: 'DamageFound',
        source: source.text,
        reason: 'what came is not what the server says it sent',
        discardedBytes: written.bytes,
      });
      this.#mismatches += 1;
      if (this.#mismatches < MOST_FRESH_STARTS) return false;
      throw new Failure('unverified', `The SHA-256 of ${source.text} is not the one that the server states.`);
    }
    const verified = stated === null ? 'length' : 'sha-256';
    const { bytes: sizeBytes, sha256 } = written;
    const { etag, lastModified } = version;
    stage.recordDelivered({ kind: 'delivered', key, output, etag, lastModified, sizeBytes, sha256, verified });
    await publish(part.path, output);
    stage.drop(key);
    Object.assign(entry, { sizeBytes, sha256, verified });
    const tookMs = elapsedMs() - this.#beganMs;
    this.#context.emit({
      event: 'FileDelivered',
      source: source.text,
      output,
      sizeBytes,
      sha256,
      verified,
      elapsedMs: tookMs,
    });
    return true;
  }
}

/** Which bytes a later run can use depends on why this one ended. */
function stateAfter(failure: Failure): FileEntry['state'] {
  if (failure.exitCode === 3 || failure.exitCode === 4) return 'resumable';
  return failure.code === 'refused' ? 'refused' : 'failed';
}

/** From now to an HTTP date, by the payload's clock; never negative. */
function millisecondsUntil(date: string): number | null {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const seconds = parseHttpDate(date, nowSeconds);
  return seconds === null ? null : Math.max(0, seconds - nowSeconds) * 1000;
}
