import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { asFailure, Failure } from '../../shared/failure.ts';
import { formatEntityTag, matchesStrongly, parseEntityTag } from '../../shared/validator.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { type Answer, contentLength, judge } from './answer.ts';
import { bulkGet } from './bulk.ts';
import { conditions } from './condition.ts';
import type { Receiver, Request } from './exchange.ts';
import type { DeliveryContext, Item } from './item.ts';
import type { DeliveredRecord } from './journal.ts';
import { mend } from './mend.ts';
import type { Mark } from './part-writer.ts';
import type { SmallRequest } from './pipeline.ts';
import type { Candidate } from './plan.ts';
import { askPrefix, offers } from './proof.ts';
import { publishPart } from './publish.ts';
import { redirectTarget } from './redirect.ts';
import type { Server } from './rendezvous.ts';
import { type FileEntry, fileFailure } from './report.ts';
import { type Head, Unmeasured } from './response-head.ts';
import { nextTry, parseRetryAfter } from './retry.ts';
import { Setbacks } from './setbacks.ts';
import type { Kept, Version } from './stage.ts';
import { type Verdict, verdict } from './verdict.ts';

/**
 * What the next step of a delivery needs: `survey` a request for the size; `small` only memory; `bulk` the one writer.
 */
export type Lane = 'survey' | 'small' | 'bulk';

/** A file up to this size is held in memory until it is verified, several of them at once. */
const SMALL_BYTES = 256 * 1024;

/** An entity tag of ours is weak for two ticks of the file system's clock after a write (shared/validator.ts). */
const WEAK_TAG_MS = 50;
const MOST_WEAK_TAGS = 5;

/** A log may grow between the moment it is listed and the end of its body, but not many times over. */
const MOST_GROWTH = 2;

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
  /** What the server said of the size before it sent any of it. */
  #expectedBytes: number | null;
  #surveyed = false;
  /** The answer has no length: undici takes it. */
  #streamed = false;
  /** Nothing but the end of the connection ends the body, as in HTTP/1.0: it may be that of a server that died. */
  #endsUnseen = false;
  /** What the last such body was: one that was cut short is not the same again. */
  #unseenSha256: string | null = null;
  #attempt = 0;
  #lastProgressMs = elapsedMs();
  readonly #setbacks = new Setbacks();
  #weakTags = 0;
  #retryAfterMs: number | null = null;
  #reservedBytes = 0;

  constructor(context: DeliveryContext, item: Item) {
    this.#context = context;
    this.item = item;
    this.#target = item.source.target;
    const kept = context.stage.kept(item.key);
    this.#sizeBytes = item.listedBytes ?? kept?.sizeBytes ?? context.stage.delivered(item.key)?.sizeBytes ?? null;
    this.#expectedBytes = item.listedBytes;
    item.entry.sizeBytes = this.#sizeBytes;
  }

  get priority(): number {
    return this.item.priority;
  }

  get leftBytes(): number | null {
    const kept = this.#context.stage.kept(this.item.key);
    return this.#sizeBytes === null ? null : this.#sizeBytes - (kept?.bytes ?? 0);
  }

  get isEndless(): boolean {
    return this.#sizeBytes === null && this.#surveyed;
  }

  get lane(): Lane {
    if (this.#streamed || this.#context.stage.kept(this.item.key) !== null) return 'bulk';
    if (this.#sizeBytes === null) return this.#surveyed ? 'bulk' : 'survey';
    return this.#sizeBytes <= SMALL_BYTES ? 'small' : 'bulk';
  }

  /** With `--once`, what an earlier window delivered is done without a server. */
  settleIfDone(): void {
    const { once, stage } = this.#context;
    const record = once ? this.#record() : null;
    if (record === null || stage.kept(this.item.key) !== null) return;
    this.#alreadyDelivered(record);
    this.#settle(null);
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
      if (thrown instanceof TooLarge) return;
      if (thrown instanceof Unmeasured) {
        this.#streamed = true;
        return;
      }
      const failure = signal.aborted ? asFailure(signal.reason) : asFailure(thrown);
      this.#attempt = this.#lastProgressMs > progressBefore ? 1 : this.#attempt + 1;
      const next = nextTry({
        attempt: this.#attempt,
        failure,
        tryAnyway: failure.code === 'bad-answer' && this.#setbacks.forgivesBadAnswer(),
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
      this.#dropUseless();
      entry.state = stateAfter(failure);
      entry.failure = fileFailure(failure);
      const { code, message: reason, advice } = failure;
      this.#context.emit({ event: 'FileNotDelivered', source: source.text, code, reason, advice });
    }
    this.#context.changed();
  }

  /** What no later run could continue only takes the room of the files after it. */
  #dropUseless(): void {
    const { stage } = this.#context;
    const kept = stage.kept(this.item.key);
    if (kept === null || (kept.sizeBytes !== null && kept.etag?.weak === false)) return;
    try {
      stage.drop(this.item.key);
    } catch {
      // The next run drops it.
    }
  }

  /** Learns the size, so that it is known whether the file fits into the window and the budget before it is begun. */
  async #survey(server: Server): Promise<void> {
    this.#surveyed = true;
    const { signal } = this.#context;
    const head = await server.exchange.request({ method: 'HEAD', target: this.#target, signal }, () => () => undefined);
    // Some servers do not know HEAD, or answer it otherwise than GET: only what it grants counts.
    if (head.status === 200) this.#sizeBytes = contentLength(head);
    this.#expectedBytes = this.#sizeBytes;
    this.item.entry.sizeBytes = this.#sizeBytes;
  }

  /** One GET and what follows from it. `false` asks for another step. */
  async #deliver(server: Server): Promise<boolean> {
    const { entry } = this.item;
    const small = this.lane === 'small';
    entry.attempts += 1;
    const delivered = await this.#stillDelivered(small);
    if (small) return this.#deliverSmall(server, delivered);
    const kept = delivered === null ? await this.#openKept(server) : null;
    return this.#deliverPart(server, kept, delivered);
  }

  /** A small file: in memory until it is verified. */
  async #deliverSmall(server: Server, delivered: DeliveredRecord | null): Promise<boolean> {
    const { stage, small } = this.#context;
    const { entry, key, output } = this.item;
    let answer: Answer | null = null;
    const bytes = await server.exchange.pipeline.get({
      ...this.#request(conditions(server, null, null, delivered)),
      receive: (head) => {
        answer = this.#judge(head, null);
        if (answer.kind !== 'whole') return false;
        const { sizeBytes } = answer.version;
        if (sizeBytes === null || sizeBytes > SMALL_BYTES) {
          this.#sizeBytes = sizeBytes;
          throw new TooLarge();
        }
        this.#reserve(sizeBytes);
        return true;
      },
      count: (bytes) => this.#count(bytes),
    });
    const judged = answer as Answer | null;
    if (judged?.kind === 'unchanged' && delivered !== null) return this.#alreadyDelivered(delivered);
    if (judged?.kind !== 'whole') return this.#elsewhere(server, judged);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const proof = await this.#verdict(server, judged.version, { bytes: bytes.length, sha256 }, judged.stated);
    if (proof === 'damaged') this.#mismatch(bytes.length);
    if (proof === 'damaged') return false;
    const unrest = proof === 'changed' ? this.#unrest(bytes.length) : null;
    if (proof === 'changed' && unrest === null) return false;
    const verified = proof === 'changed' ? 'length' : proof;
    await small.publish(stage.smallPart(key), output, bytes);
    const { etag, lastModified } = judged.version;
    const sizeBytes = bytes.length;
    stage.recordDelivered({ kind: 'delivered', key, output, etag, lastModified, sizeBytes, sha256, verified }, false);
    this.#delivered(sizeBytes, sha256, verified);
    if (unrest !== null) entry.failure = fileFailure(unrest);
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
      this.#endsUnseen = sizeBytes === null && !head.fields.has('transfer-encoding');
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
    const { stage, signal, writer, deadlineMs } = this.#context;
    const { entry, key, output, source } = this.item;
    let { sha256 } = written;
    const { bytes: sizeBytes } = written;
    let verified = await this.#verdict(server, version, written, stated);
    if (verified === 'length' && this.#endsUnseen && this.#unseenSha256 !== sha256) {
      const isFirst = this.#unseenSha256 === null;
      this.#unseenSha256 = sha256;
      if (isFirst) stage.drop(key);
      if (isFirst) return false;
      verified = 'changed';
    }
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
      this.#mismatch(sizeBytes);
      return false;
    }
    let unrest: Failure | null = null;
    if (verified === 'changed') {
      unrest = this.#unrest(sizeBytes);
      if (unrest === null) return false;
      verified = 'length';
    }
    // A part that was whole when a run ended, and a body without a length, have had nothing set aside so far.
    this.#reserve(sizeBytes);
    const { etag, lastModified } = version;
    const record = { kind: 'delivered', key, output, etag, lastModified, sizeBytes, sha256, verified } as const;
    stage.recordDelivered(record, true);
    await publishPart(part.path, output, deadlineMs === null ? null : deadlineMs - elapsedMs(), signal);
    stage.drop(key);
    this.#delivered(sizeBytes, sha256, verified);
    if (unrest !== null) entry.failure = fileFailure(unrest);
    return true;
  }

  #verdict(server: Server, version: Version, written: Mark, stated: string | null): Promise<Verdict> {
    const known = this.item.expectedSha256 ?? stated;
    return verdict(server, this.#target, version, written, known, this.#context.signal);
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
  async #stillDelivered(small: boolean): Promise<DeliveredRecord | null> {
    const record = this.#record();
    const there = record === null ? undefined : statSync(record.output, { throwIfNoEntry: false });
    if (record === null || !there?.isFile() || there.size !== record.sizeBytes) return null;
    try {
      const sha256 = small
        ? createHash('sha256').update(readFileSync(record.output)).digest('hex')
        : (await this.#context.writer.hash(record.output)).sha256;
      return sha256 === record.sha256 ? record : null;
    } catch {
      return null;
    }
  }

  /** The note of an earlier delivery, unless that was of something else than what is expected. */
  #record(): DeliveredRecord | null {
    const { key, expectedSha256 } = this.item;
    const record = this.#context.stage.delivered(key);
    return expectedSha256 === null || record?.sha256 === expectedSha256 ? record : null;
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
    const reason = 'what was kept of it is not what was written';
    const { text } = this.item.source;
    this.#context.emit({ event: 'DamageFound', source: text, reason, discardedBytes: kept.bytes });
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

  #request(fields: Readonly<Record<string, string>>): Request & Pick<SmallRequest, 'fields'> {
    const { signal } = this.#context;
    return { method: 'GET', target: this.#target, fields: { 'want-repr-digest': 'sha-256=1', ...fields }, signal };
  }

  #judge(head: Head, asked: Kept | null): Answer {
    this.#retryAfterMs = parseRetryAfter(head.fields.get('retry-after'), Math.floor(Date.now() / 1000));
    const { bytes: from = 0, etag = null, sizeBytes = null } = asked ?? {};
    return judge(head, { from, etag, sizeBytes });
  }

  #receiver(): Receiver {
    const { writer, budget } = this.#context;
    const expectedBytes = this.#expectedBytes;
    let sizeBytes = 0;
    return (chunk) => {
      sizeBytes += chunk.length;
      if (expectedBytes !== null && sizeBytes > expectedBytes * MOST_GROWTH + SMALL_BYTES) {
        throw new Failure('bad-answer', `The server sends far more than the ${expectedBytes} bytes that it spoke of.`);
      }
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
    this.#setbacks.redirected();
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

  /** A whole body of a source that changed. `null` to start again; where `--snapshot` has it delivered: why it is no more. */
  #unrest(wholeBytes: number): Failure | null {
    const { stage, snapshot } = this.#context;
    try {
      this.#restart(wholeBytes, snapshot);
      stage.drop(this.item.key);
      return null;
    } catch (thrown) {
      if (!snapshot) throw thrown;
      return asFailure(thrown);
    }
  }

  /** The source is another one than what is here is of. Throws `changing` when that goes on and on. */
  #restart(discardedBytes: number, keep = false): void {
    const { text } = this.item.source;
    if (!keep) this.#context.stage.drop(this.item.key);
    this.#setbacks.changed(text);
    this.#context.emit({ event: 'SourceChanged', source: text, discardedBytes });
  }

  /** What came is not what was sent. Throws `unverified` when that happens again and again. */
  #mismatch(discardedBytes: number): void {
    const { item, emit } = { item: this.item, emit: this.#context.emit };
    const wasExpected = item.expectedSha256 !== null;
    this.#setbacks.mismatched(item.source.text, wasExpected);
    const reason = `what came is not what ${wasExpected ? 'is expected' : 'the server says it sent'}`;
    emit({ event: 'DamageFound', source: item.source.text, reason, discardedBytes });
  }
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
