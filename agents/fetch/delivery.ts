import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { FetchEvent } from '../../shared/event.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import { parseHttpDate } from '../../shared/http-date.ts';
import { formatEntityTag, matchesStrongly, matchesWeakly, parseEntityTag } from '../../shared/validator.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { type Answer, contentLength, judge } from './answer.ts';
import type { Budget } from './budget.ts';
import { bulkGet, NotBulk } from './bulk.ts';
import type { Head, Receiver, Request } from './exchange.ts';
import type { DeliveredRecord } from './journal.ts';
import type { LinkRate } from './link-rate.ts';
import { mend } from './mend.ts';
import type { Mark, PartWriter } from './part-writer.ts';
import type { Candidate } from './plan.ts';
import { askDigest, askPrefix, offers } from './proof.ts';
import { publishPart, type SmallPublisher } from './publish.ts';
import { redirectTarget } from './redirect.ts';
import type { Peer, Server } from './rendezvous.ts';
import { type FileEntry, fileFailure } from './report.ts';
import { nextTry, parseRetryAfter } from './retry.ts';
import type { Source } from './source.ts';
import type { Kept, Stage, Version } from './stage.ts';

/** One file to be delivered. */
export interface Item {
  readonly source: Source;
  /** Absolute path of the output. */
  readonly output: string;
  /** Whether the output is downlinked, and so counts in the budget. */
  readonly inOutbox: boolean;
  readonly key: string;
  readonly peer: Peer;
  readonly priority: number;
  /** What a listing said of its size. */
  readonly listedBytes: number | null;
  /** The SHA-256 that the operator expects. */
  readonly expectedSha256: string | null;
  readonly entry: FileEntry;
}

export interface DeliveryContext {
  readonly stage: Stage;
  readonly writer: PartWriter;
  readonly small: SmallPublisher;
  readonly budget: Budget;
  readonly rate: LinkRate;
  readonly deadlineMs: number | null;
  /** A content that was delivered in an earlier window is not fetched again. */
  readonly once: boolean;
  /** Of a source that never rests, the last whole body is delivered. */
  readonly snapshot: boolean;
  /** Aborted when the window ends; its reason is the {@link Failure} that files then get. */
  readonly signal: AbortSignal;
  readonly emit: (event: FetchEvent) => void;
  /** Something in an {@link Item.entry} changed. */
  readonly changed: () => void;
}

/**
 * What the next step of a delivery needs: `survey` a request for the size; `small` only memory; `bulk` the one writer.
 */
export type Lane = 'survey' | 'small' | 'bulk';

/** A file up to this size is held in memory until it is verified, several of them at once. */
const SMALL_BYTES = 256 * 1024;

/** A source that was another one at every try, or that never matched its digest, is given up after so many. */
const MOST_FRESH_STARTS = 4;

const MOST_REDIRECTS = 5;

const MOST_BAD_ANSWERS = 3;

/** An entity tag of ours is weak for two ticks of the file system's clock after a write (shared/validator.ts). */
const WEAK_TAG_MS = 50;
const MOST_WEAK_TAGS = 5;

/** Sets a small file aside for the bulk lane: it is larger than was thought. */
class TooLarge extends Error {}

/**
 * The delivery of one file, step by step: learn its size, request, stage, verify, publish, again and again while that can
 * help. One {@link step} is one request and what follows from it; between two of them others have their turn. The outcome
 * is in the item's entry.
 */
export class Delivery implements Candidate {
  readonly item: Item;
  readonly #context: DeliveryContext;
  readonly #beganMs = elapsedMs();
  /** Nothing more is to be done. */
  settled = false;
  /** The next step is not before this. */
  notBeforeMs = 0;
  #target: string;
  #sizeBytes: number | null;
  #surveyed = false;
  /** The answer has no length: undici takes it. */
  #streamed = false;
  #attempt = 0;
  #lastProgressMs = elapsedMs();
  #freshStarts = 0;
  #mismatches = 0;
  #redirects = 0;
  #badAnswers = 0;
  #weakTags = 0;
  #retryAfterMs: number | null = null;
  #reservedBytes = 0;

  constructor(context: DeliveryContext, item: Item) {
    this.#context = context;
    this.item = item;
    this.#target = item.source.target;
    const kept = context.stage.kept(item.key);
    this.#sizeBytes = item.listedBytes ?? kept?.sizeBytes ?? context.stage.delivered(item.key)?.sizeBytes ?? null;
    item.entry.sizeBytes = this.#sizeBytes;
  }

  get priority(): number {
    return this.item.priority;
  }

  get leftBytes(): number | null {
    const kept = this.#context.stage.kept(this.item.key);
    return this.#sizeBytes === null ? null : this.#sizeBytes - (kept?.bytes ?? 0);
  }

  get lane(): Lane {
    if (this.#context.stage.kept(this.item.key) !== null) return 'bulk';
    if (this.#sizeBytes === null) return this.#surveyed ? 'bulk' : 'survey';
    return this.#sizeBytes <= SMALL_BYTES ? 'small' : 'bulk';
  }

  /** One step, against a server that answers. Never rejects. */
  async step(server: Server): Promise<void> {
    const { entry, source, peer } = this.item;
    const { signal, rate, emit } = this.#context;
    const progressBefore = this.#lastProgressMs;
    entry.state = 'fetching';
    rate.begin();
    try {
      this.#retryAfterMs = null;
      if (this.lane === 'survey') await this.#survey(server);
      else if (await this.#deliver(server)) this.#settle(null);
      this.#attempt = 0;
    } catch (thrown) {
      if (thrown instanceof TooLarge || thrown instanceof NotBulk) return;
      const failure = signal.aborted ? asFailure(signal.reason) : asFailure(thrown);
      this.#attempt = this.#lastProgressMs > progressBefore ? 1 : this.#attempt + 1;
      if (failure.code === 'bad-answer') this.#badAnswers += 1;
      const next = nextTry({
        attempt: this.#attempt,
        failure,
        // One answer that cannot be read may be the link's doing; a server that keeps giving them is at fault itself.
        tryAnyway: failure.code === 'bad-answer' && this.#badAnswers < MOST_BAD_ANSWERS,
        retryAfterMs: this.#retryAfterMs,
        nowMs: elapsedMs(),
        lastProgressMs: this.#lastProgressMs,
        deadlineMs: this.#context.deadlineMs,
        random: Math.random(),
      });
      if (next.kind === 'give-up') {
        this.#settle(failure);
        return;
      }
      this.notBeforeMs = elapsedMs() + next.delayMs;
      const { code, message: reason } = failure;
      emit({
        event: 'AttemptFailed',
        source: source.text,
        code,
        reason,
        attempt: this.#attempt,
        retryInMs: next.delayMs,
      });
      if (code === 'link-lost') peer.lost(server);
    } finally {
      rate.end();
      if (!this.settled) entry.state = 'waiting';
    }
  }

  /** Ends the delivery from outside: the window is over, or there is no server. */
  fail(failure: Failure): void {
    if (!this.settled) this.#settle(failure);
  }

  #settle(ended: Failure | null): void {
    const { entry, peer, source } = this.item;
    this.settled = true;
    if (ended === null) entry.state = 'delivered';
    else {
      const failure = peer.explain(ended);
      this.#context.budget.release(this.#reservedBytes);
      entry.state = stateAfter(failure);
      entry.failure = fileFailure(failure);
      const { code, message: reason, advice } = failure;
      this.#context.emit({ event: 'FileNotDelivered', source: source.text, code, reason, advice });
    }
    this.#context.changed();
  }

  /** Learns the size, so that it is known whether the file fits into the window and the budget before it is begun. */
  async #survey(server: Server): Promise<void> {
    this.#surveyed = true;
    const { signal } = this.#context;
    const head = await server.exchange.request({ method: 'HEAD', target: this.#target, signal }, () => () => undefined);
    // Some servers do not know HEAD, or answer it otherwise than GET: only what it grants counts.
    if (head.status === 200) this.#sizeBytes = contentLength(head);
    this.item.entry.sizeBytes = this.#sizeBytes;
  }

  /** One GET and what follows from it. `false` asks for another step. */
  async #deliver(server: Server): Promise<boolean> {
    const { stage, once } = this.#context;
    const { entry, key } = this.item;
    const small = this.lane === 'small';
    entry.attempts += 1;
    const record = stage.delivered(key);
    if (once && record !== null && stage.kept(key) === null) return this.#alreadyDelivered(record);
    const delivered = await this.#stillDelivered(record, small);
    if (delivered === null && small) return this.#deliverSmall(server);
    const kept = delivered === null ? await this.#openKept(server) : null;
    return this.#deliverPart(server, kept, delivered);
  }

  /** A small file: in memory until it is verified. */
  async #deliverSmall(server: Server): Promise<boolean> {
    const { stage, small } = this.#context;
    const { key, output } = this.item;
    let chunks: Buffer[] = [];
    let answer: Answer | null = null;
    const request = { ...this.#request({}), pipelined: true };
    await server.exchange.request(request, (head) => {
      answer = this.#judge(head, null);
      if (answer.kind !== 'whole') return () => undefined;
      const { sizeBytes } = answer.version;
      if (sizeBytes === null || sizeBytes > SMALL_BYTES) {
        this.#sizeBytes = sizeBytes;
        throw new TooLarge();
      }
      this.#reserve(sizeBytes);
      chunks = [];
      return (chunk) => {
        this.#count(chunk.length);
        chunks.push(chunk);
        return undefined;
      };
    });
    const judged = answer as Answer | null;
    if (judged?.kind !== 'whole') return this.#elsewhere(server, judged);
    const bytes = Buffer.concat(chunks);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const proof = await this.#verdict(server, judged.version, { bytes: bytes.length, sha256 }, judged.stated);
    if (proof === 'damaged') this.#mismatch('what came is not what the server says it sent', bytes.length);
    if (proof === 'changed') this.#restart(bytes.length);
    if (proof === 'damaged' || proof === 'changed') return false;
    await small.publish(stage.smallPart(key), output, bytes);
    const { etag, lastModified } = judged.version;
    const sizeBytes = bytes.length;
    stage.recordDelivered(
      { kind: 'delivered', key, output, etag, lastModified, sizeBytes, sha256, verified: proof },
      false,
    );
    this.#delivered(sizeBytes, sha256, proof);
    return true;
  }

  /** A file that is staged: all of it, or what is missing. */
  async #deliverPart(server: Server, kept: Kept | null, delivered: DeliveredRecord | null): Promise<boolean> {
    const { stage, writer } = this.#context;
    const { entry, key, source } = this.item;
    const complete = kept !== null && kept.bytes === kept.sizeBytes;
    if (complete && offers(server, 'digest')) return this.#completed(server, kept);
    const asked = complete ? null : kept;
    let into = kept;
    let answer: Answer | null = null;
    const receive = (head: Head): boolean => {
      answer = this.#judge(head, asked);
      if (answer.kind !== 'whole' && answer.kind !== 'rest') return false;
      if (answer.kind === 'whole') {
        if (kept !== null) this.#discard(kept, answer.version);
        into = stage.begin(key, source.text, answer.version);
        // Not awaited: what the worker refuses is met when the first bytes are added.
        this.#open(into).catch(() => {});
      }
      const { sizeBytes } = answer.version;
      this.#sizeBytes = sizeBytes;
      entry.sizeBytes = sizeBytes;
      this.#reserve(sizeBytes ?? 0);
      const reusedBytes = answer.kind === 'rest' ? (kept?.bytes ?? 0) : 0;
      entry.reusedBytes = reusedBytes;
      this.#context.emit({ event: 'TransferStarted', source: source.text, sizeBytes, reusedBytes });
      return true;
    };
    try {
      const request = this.#request(conditions(server, asked, complete ? kept : null, delivered));
      if (this.#streamed || this.#sizeBytes === null) {
        await server.exchange.request(request, (head) => (receive(head) ? this.#receiver() : () => undefined));
      } else {
        await bulkGet(server.exchange.address, request, writer, receive, (bytes) => this.#count(bytes));
      }
    } catch (error) {
      // What has come is written before anything else is decided.
      if (into !== null) await writer.release().catch(() => {});
      if (error instanceof NotBulk) this.#streamed = true;
      throw error;
    }
    const judged = answer as Answer | null;
    if (judged?.kind === 'unchanged' && delivered !== null) return this.#alreadyDelivered(delivered);
    if (judged === null || judged.kind === 'elsewhere' || judged.kind === 'changed') {
      if (into !== null) await writer.release();
      if (judged?.kind === 'changed' && kept !== null) return this.#grownOrChanged(server, kept);
      return this.#elsewhere(server, judged);
    }
    if (into === null) return this.#elsewhere(server, judged);
    const written = await writer.finish();
    if (judged.kind === 'unchanged') {
      entry.reusedBytes = written.bytes;
      const etag = into.etag === null ? null : formatEntityTag(into.etag);
      return this.#conclude(
        server,
        into,
        { etag, lastModified: null, sizeBytes: written.bytes },
        written,
        judged.stated,
      );
    }
    return this.#conclude(server, into, judged.version, written, judged.stated);
  }

  /** A part that was complete when a run ended, on a server that can tell what it makes of it without sending a byte. */
  async #completed(server: Server, kept: Kept): Promise<boolean> {
    const { writer, signal } = this.#context;
    const written = await writer.finish();
    this.item.entry.reusedBytes = written.bytes;
    const proof = await askPrefix(server, this.#target, written.bytes, signal);
    const grown = proof.kind === 'digest' && proof.sizeBytes > kept.bytes;
    if (proof.kind === 'shorter' || (grown && proof.sha256 !== written.sha256)) return this.#changed(kept);
    if (grown) return this.#grown(kept, proof);
    const etag = kept.etag === null ? null : formatEntityTag(kept.etag);
    return this.#conclude(server, kept, { etag, lastModified: null, sizeBytes: written.bytes }, written, null);
  }

  /** Verifies what is staged, mends it where that can be done, and publishes it. `false` where it has to come anew. */
  async #conclude(
    server: Server,
    part: Kept,
    version: Version,
    written: Mark,
    stated: string | null,
  ): Promise<boolean> {
    const { stage, signal, writer, snapshot } = this.#context;
    const { entry, key, output, source } = this.item;
    let { sha256 } = written;
    const { bytes: sizeBytes } = written;
    let verified = await this.#verdict(server, version, written, stated);
    if (verified === 'damaged' && offers(server, 'digest')) {
      const whole = { path: part.path, sizeBytes };
      const mendedBytes = await mend(server, this.#target, whole, writer, signal, (bytes) => this.#count(bytes));
      if (mendedBytes !== null) {
        entry.mendedBytes += mendedBytes;
        this.#context.emit({ event: 'DamageMended', source: source.text, mendedBytes });
        const mended = await writer.hash(part.path);
        ({ sha256 } = mended);
        verified = await this.#verdict(server, version, mended, null);
      }
    }
    if (verified === 'damaged') {
      stage.drop(key);
      this.#mismatch('what came is not what the server says it sent', sizeBytes);
      return false;
    }
    let unrest: Failure | null = null;
    if (verified === 'changed') {
      try {
        this.#restart(sizeBytes, snapshot);
        stage.drop(key);
        return false;
      } catch (thrown) {
        if (!snapshot) throw thrown;
        unrest = asFailure(thrown);
        verified = 'length';
      }
    }
    const { etag, lastModified } = version;
    const record = { kind: 'delivered', key, output, etag, lastModified, sizeBytes, sha256, verified } as const;
    stage.recordDelivered(record, true);
    await publishPart(part.path, output);
    stage.drop(key);
    this.#delivered(sizeBytes, sha256, verified);
    if (unrest !== null) entry.failure = fileFailure(unrest);
    return true;
  }

  /** What is to be made of bytes that came whole: how they are verified, or why they are not. */
  async #verdict(
    server: Server,
    version: Version,
    written: Mark,
    stated: string | null,
  ): Promise<'sha-256' | 'length' | 'damaged' | 'changed'> {
    const { expectedSha256 } = this.item;
    const same = (sha256: string): 'sha-256' | 'damaged' => (sha256 === written.sha256 ? 'sha-256' : 'damaged');
    if (expectedSha256 !== null) return same(expectedSha256);
    if (stated !== null) return same(stated);
    const proof = await askDigest(server, this.#target, written.bytes, this.#context.signal);
    if (proof.kind === 'none') return 'length';
    if (proof.kind === 'shorter') return 'changed';
    if (proof.sha256 === written.sha256) return 'sha-256';
    const [before, now] = [version.etag, proof.etag].map((tag) => (tag === null ? null : parseEntityTag(tag)));
    const sameState = before != null && now != null && matchesWeakly(before, now);
    return sameState || before === null ? 'damaged' : 'changed';
  }

  /** Of a source that is not what it was: is what is kept the beginning of what it is? `false`: another step. */
  async #grownOrChanged(server: Server, kept: Kept): Promise<false> {
    const { writer, signal } = this.#context;
    if (!offers(server, 'digest')) return this.#changed(kept);
    const [here, proof] = await Promise.all([
      writer.hash(kept.path),
      askPrefix(server, this.#target, kept.bytes, signal),
    ]);
    const proved = proof.kind === 'digest' && proof.sha256 === here.sha256 && here.bytes === kept.bytes;
    return proved ? this.#grown(kept, proof) : this.#changed(kept);
  }

  #changed(kept: Kept): false {
    this.#restart(kept.bytes);
    return false;
  }

  #grown(kept: Kept, { etag, sizeBytes }: { readonly etag: string | null; readonly sizeBytes: number }): false {
    const { stage, emit } = this.#context;
    const { key, source } = this.item;
    if (etag?.startsWith('W/') && this.#weakTags < MOST_WEAK_TAGS) {
      // Written to at this very moment: in a moment its entity tag is one that bytes may be joined under.
      this.#weakTags += 1;
      this.notBeforeMs = elapsedMs() + WEAK_TAG_MS;
      return false;
    }
    stage.adopt(key, kept, source.text, { etag, lastModified: null, sizeBytes });
    this.#sizeBytes = sizeBytes;
    emit({ event: 'SourceGrown', source: source.text, keptBytes: kept.bytes, sizeBytes });
    return false;
  }

  /** What was delivered before and still lies there, unharmed; `null` where nothing does. */
  async #stillDelivered(record: DeliveredRecord | null, small: boolean): Promise<DeliveredRecord | null> {
    if (record === null || statSync(record.output, { throwIfNoEntry: false })?.size !== record.sizeBytes) return null;
    const sha256 = small
      ? createHash('sha256').update(readFileSync(record.output)).digest('hex')
      : (await this.#context.writer.hash(record.output)).sha256;
    return sha256 === record.sha256 ? record : null;
  }

  #alreadyDelivered({ sizeBytes, sha256, verified }: DeliveredRecord): true {
    const { entry, source, output } = this.item;
    Object.assign(entry, { sizeBytes, sha256, verified });
    this.#context.emit({ event: 'FileUnchanged', source: source.text, output });
    return true;
  }

  #delivered(sizeBytes: number, sha256: string, verified: 'sha-256' | 'length'): void {
    const { entry, source, output } = this.item;
    Object.assign(entry, { sizeBytes, sha256, verified });
    const tookMs = elapsedMs() - this.#beganMs;
    const told = { source: source.text, output, sizeBytes, sha256, verified, elapsedMs: tookMs };
    this.#context.emit({ event: 'FileDelivered', ...told });
  }

  /** Opens what is kept to be continued; `null` where it may not be, because nothing strong says what it is part of. */
  async #openKept(server: Server): Promise<Kept | null> {
    const kept = this.#context.stage.kept(this.item.key);
    if (kept === null || kept.bytes === 0 || kept.sizeBytes === null || kept.etag === null || kept.etag.weak)
      return null;
    const { sound } = await this.#open(kept);
    // Where the server tells of blocks, the damage is found and mended at the end; elsewhere all of it comes anew.
    if (sound || offers(server, 'digest')) return kept;
    await this.#context.writer.release();
    this.#context.stage.drop(this.item.key);
    this.#told('DamageFound', 'what was kept of it is not what was written', kept.bytes);
    return null;
  }

  #open(kept: Kept): Promise<unknown> & Promise<{ readonly sound: boolean }> {
    const { stage, writer } = this.#context;
    return writer.open(kept.path, kept.bytes, kept.mark, ({ bytes, sha256 }) => {
      try {
        stage.mark(this.item.key, kept.name, bytes, sha256);
      } catch {
        // A full disk says so to the next bytes as well; what the mark would have kept is lost in a power cut only.
      }
    });
  }

  #request(fields: Readonly<Record<string, string>>): Request {
    const { signal } = this.#context;
    return { method: 'GET', target: this.#target, fields: { 'want-repr-digest': 'sha-256=1', ...fields }, signal };
  }

  #judge(head: Head, asked: Kept | null): Answer {
    this.#retryAfterMs = parseRetryAfter(head.fields.get('retry-after'), millisecondsUntil);
    const { bytes: from = 0, etag = null, sizeBytes = null } = asked ?? {};
    return judge(head, { from, etag, sizeBytes });
  }

  #receiver(): Receiver {
    const { writer, budget } = this.#context;
    let sizeBytes = 0;
    return (chunk) => {
      sizeBytes += chunk.length;
      // A body without a length is bounded by what may be published.
      if (this.#reservedBytes === 0 && this.item.inOutbox && sizeBytes > budget.leftBytes) throw overBudget(null);
      this.#count(chunk.length);
      return writer.take(chunk);
    };
  }

  #count(bytes: number): void {
    this.#lastProgressMs = elapsedMs();
    this.item.entry.fetchedBytes += bytes;
    this.#context.rate.count(bytes);
    this.#context.changed();
  }

  /** Sets aside what the file takes of the budget. Throws `over-budget`. */
  #reserve(sizeBytes: number): void {
    if (!this.item.inOutbox) return;
    const { budget } = this.#context;
    budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    if (!budget.reserve(sizeBytes)) throw overBudget(sizeBytes);
    this.#reservedBytes = sizeBytes;
  }

  /** Answers that are no file. */
  #elsewhere(server: Server, answer: Answer | null): false {
    if (answer?.kind !== 'elsewhere') {
      throw new Failure('bad-answer', 'The server answers a condition that the request did not make.');
    }
    this.#redirects += 1;
    if (this.#redirects > MOST_REDIRECTS) throw new Failure('bad-answer', 'The server redirects without end.');
    this.#target = redirectTarget(answer.location, server.exchange.address, this.#target);
    return false;
  }

  /** A whole body came although a part is here: of another version, or because the server does not do ranges. */
  #discard(kept: Kept, version: Version): void {
    this.#context.writer.release().catch(() => {});
    const tag = version.etag === null ? null : parseEntityTag(version.etag);
    const sameVersion = tag !== null && kept.etag !== null && matchesStrongly(tag, kept.etag);
    if (!sameVersion) this.#restart(kept.bytes);
  }

  /** The source is another one than what is here is of. Throws `changing` when that goes on and on. */
  #restart(discardedBytes: number, keep = false): void {
    const { text } = this.item.source;
    this.#freshStarts += 1;
    if (!keep) this.#context.stage.drop(this.item.key);
    if (this.#freshStarts >= MOST_FRESH_STARTS) {
      throw new Failure('changing', `${text} was another file at every one of ${MOST_FRESH_STARTS} tries.`);
    }
    this.#context.emit({ event: 'SourceChanged', source: text, discardedBytes });
  }

  /** What came is not what was sent. Throws `unverified` when that happens again and again. */
  #mismatch(reason: string, discardedBytes: number): void {
    const { text } = this.item.source;
    this.#mismatches += 1;
    if (this.#mismatches >= MOST_FRESH_STARTS) {
      const by = this.item.expectedSha256 === null ? 'that the server states' : 'that is expected';
      throw new Failure('unverified', `The SHA-256 of ${text} is not the one ${by}.`);
    }
    this.#told('DamageFound', reason, discardedBytes);
  }

  #told(event: 'DamageFound', reason: string, discardedBytes: number): void {
    this.#context.emit({ event, source: this.item.source.text, reason, discardedBytes });
  }
}

/** The condition under which a request is made: continue this, is this complete part still right, or is this still so. */
function conditions(
  server: Server,
  partial: Kept | null,
  complete: Kept | null,
  delivered: DeliveredRecord | null,
): Record<string, string> {
  if (partial?.etag != null) {
    const tag = formatEntityTag(partial.etag);
    // Our own server says 412 to If-Match, and then whether the file has only grown; any other one sends all of it.
    const condition = offers(server, 'digest') ? 'if-match' : 'if-range';
    return { range: `bytes=${partial.bytes}-`, [condition]: tag };
  }
  if (complete?.etag != null) return { 'if-none-match': formatEntityTag(complete.etag) };
  if (delivered?.etag != null) return { 'if-none-match': delivered.etag };
  if (delivered?.lastModified != null) return { 'if-modified-since': delivered.lastModified };
  return {};
}

function overBudget(sizeBytes: number | null): Failure {
  const size = sizeBytes === null ? 'more' : `${sizeBytes} bytes`;
  return new Failure('over-budget', `The budget has no room for ${size}.`);
}

/** Which bytes a later run can use depends on why this one ended. */
function stateAfter(failure: Failure): FileEntry['state'] {
  if (failure.code === 'over-budget') return 'held back';
  if (failure.exitCode === 3 || failure.exitCode === 4) return 'resumable';
  return failure.code === 'refused' ? 'refused' : 'failed';
}

/** From now to an HTTP date, by the payload's clock; never negative. */
function millisecondsUntil(date: string): number | null {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const seconds = parseHttpDate(date, nowSeconds);
  return seconds === null ? null : Math.max(0, seconds - nowSeconds) * 1000;
}
