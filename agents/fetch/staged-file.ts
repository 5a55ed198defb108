import { Failure } from '../../shared/failure.ts';
import { formatEntityTag, matchesStrongly, parseEntityTag } from '../../shared/validator.ts';
import { elapsedMs } from '../common/run-clock.ts';
import type { Answer } from './answer.ts';
import { bulkGet } from './bulk.ts';
import { conditions } from './condition.ts';
import type { Receiver } from './exchange.ts';
import { type FileTask, overBudget, SMALL_BYTES } from './file-task.ts';
import type { Head } from './http-message.ts';
import type { DeliveredRecord } from './journal.ts';
import { cutShort } from './link-failure.ts';
import { mend } from './mend.ts';
import type { Mark } from './part-writer.ts';
import { askPrefix, offers } from './proof.ts';
import { publishPart } from './publish.ts';
import type { Server } from './rendezvous.ts';
import { fileFailure } from './report.ts';
import type { Kept, Version } from './stage.ts';

/** An entity tag of ours is weak for two ticks of the file system's clock after a write (shared/validator.ts). */
const WEAK_TAG_MS = 50;
const MOST_WEAK_TAGS = 5;

/** A log may grow between the moment it is listed and the end of its body, but not many times over. */
const MOST_GROWTH = 2;

/** Delivers one file by way of the state directory, where what comes of it is kept: all of it, or what is missing. */
export class StagedFile {
  readonly #task: FileTask;
  /** Nothing but the end of the connection ends the body, as in HTTP/1.0: it may be that of a server that died. */
  #endsUnseen = false;
  /** What the last such body was: one that was cut short is not the same again. */
  #unseenSha256: string | null = null;
  #weakTags = 0;

  constructor(task: FileTask) {
    this.#task = task;
  }

  /** One GET and what follows from it. `false` asks for another step. */
  async deliver(server: Server, delivered: DeliveredRecord | null): Promise<boolean> {
    const { stage, writer } = this.#task.context;
    const { entry, key, source } = this.#task.item;
    const kept = delivered === null ? await this.#openKept(server) : null;
    const complete = kept !== null && kept.bytes === kept.sizeBytes;
    if (complete && offers(server, 'digest')) return this.#completed(server, kept);
    const asked = complete ? null : kept;
    let into = kept;
    let answer: Answer | null = null;
    const receive = (head: Head): boolean => {
      answer = this.#task.judge(head, asked);
      if (answer.kind !== 'whole' && answer.kind !== 'rest') return false;
      if (answer.kind === 'whole') {
        if (kept !== null) this.#discard(kept, answer.version);
        into = stage.begin(key, source.text, trusted(server, answer.version));
        // Not awaited: what the worker refuses is met when the first bytes are added.
        this.#open(into).catch(() => {});
      }
      const { sizeBytes } = answer.version;
      this.#endsUnseen = sizeBytes === null && !head.fields.has('transfer-encoding');
      this.#task.sizeBytes = sizeBytes;
      entry.sizeBytes = sizeBytes;
      this.#task.reserve(sizeBytes ?? 0);
      const reusedBytes = answer.kind === 'rest' ? (kept?.bytes ?? 0) : 0;
      entry.reusedBytes = reusedBytes;
      this.#task.context.emit({ event: 'TransferStarted', source: source.text, sizeBytes, reusedBytes });
      return true;
    };
    try {
      const request = this.#task.request(conditions(server, asked, complete ? kept : null, delivered));
      if (this.#task.streamed || this.#task.sizeBytes === null) {
        await server.exchange.request(request, (head) => (receive(head) ? this.#receiver() : () => undefined));
      } else {
        await bulkGet(server.exchange.address, request, writer, receive, (bytes) => this.#task.count(bytes));
      }
    } catch (error) {
      // What has come is written before anything else is decided.
      if (into !== null) await writer.release().catch(() => {});
      throw error;
    }
    const judged = answer as Answer | null;
    if (judged?.kind === 'unchanged' && delivered !== null) return this.#task.alreadyDelivered(delivered);
    // Nobody but who has all of it may be told that nothing has changed.
    const isUnasked = judged?.kind === 'unchanged' && !complete;
    if (judged === null || isUnasked || judged.kind === 'elsewhere' || judged.kind === 'changed') {
      if (into !== null) await writer.release();
      if (judged?.kind === 'changed' && kept !== null) return this.#grownOrChanged(server, kept);
      return this.#task.elsewhere(server, judged);
    }
    if (into === null) return this.#task.elsewhere(server, judged);
    const written = await writer.finish();
    if (judged.kind === 'unchanged') {
      entry.reusedBytes = written.bytes;
      const etag = into.etag === null ? null : formatEntityTag(into.etag);
      return this.#conclude(server, into, taggedOnly(etag, written.bytes), written, judged.stated);
    }
    const { sizeBytes } = judged.version;
    if (sizeBytes !== null && written.bytes < sizeBytes) throw cutShort(server.exchange.address, true);
    if (sizeBytes !== null && written.bytes > sizeBytes) {
      stage.drop(key);
      throw new Failure('bad-answer', `The server sends more than the ${sizeBytes} bytes that it spoke of.`);
    }
    return this.#conclude(server, into, judged.version, written, judged.stated);
  }

  /** A part that was complete when a run ended, on a server that can tell what it makes of it without sending a byte. */
  async #completed(server: Server, kept: Kept): Promise<boolean> {
    const { writer, signal } = this.#task.context;
    const written = await writer.finish();
    this.#task.item.entry.reusedBytes = written.bytes;
    const proof = await askPrefix(server, this.#task.target, written.bytes, signal);
    const grown = proof.kind === 'digest' && proof.sizeBytes > kept.bytes;
    if (proof.kind === 'shorter' || (grown && proof.sha256 !== written.sha256)) return this.#changed(kept);
    if (grown) return this.#grown(kept, proof);
    const etag = kept.etag === null ? null : formatEntityTag(kept.etag);
    return this.#conclude(server, kept, taggedOnly(etag, written.bytes), written, null);
  }

  /** Verifies what is staged, mends it where that can be done, and publishes it. `false` where it has to come anew. */
  async #conclude(
    server: Server,
    part: Kept,
    version: Version,
    written: Mark,
    stated: string | null,
  ): Promise<boolean> {
    const { stage, signal, writer, deadlineMs } = this.#task.context;
    const { entry, key, output, source } = this.#task.item;
    let { sha256 } = written;
    const { bytes: sizeBytes } = written;
    let verified = await this.#task.verdict(server, version, written, stated);
    if (verified === 'length' && this.#endsUnseen && this.#unseenSha256 !== sha256) {
      const isFirst = this.#unseenSha256 === null;
      this.#unseenSha256 = sha256;
      if (isFirst) {
        stage.drop(key);
        return false;
      }
      verified = 'changed';
    }
    if (verified === 'damaged' && offers(server, 'digest')) {
      const whole = { path: part.path, sizeBytes };
      const mendedBytes = await mend(server, this.#task.target, whole, writer, signal, (bytes) =>
        this.#task.count(bytes),
      );
      if (mendedBytes !== null) {
        entry.mendedBytes += mendedBytes;
        this.#task.context.emit({ event: 'DamageMended', source: source.text, mendedBytes });
        const mended = await writer.hash(part.path);
        ({ sha256 } = mended);
        verified = await this.#task.verdict(server, version, mended, null);
      }
    }
    if (verified === 'damaged') {
      stage.drop(key);
      this.#task.mismatch(sizeBytes);
      return false;
    }
    let unrest: Failure | null = null;
    if (verified === 'changed') {
      unrest = this.#task.unrest(sizeBytes);
      if (unrest === null) return false;
      verified = 'length';
    }
    // A part that was whole when a run ended, and a body without a length, have had nothing set aside so far.
    this.#task.reserve(sizeBytes);
    const { etag, lastModified } = version;
    const record = { kind: 'delivered', key, output, etag, lastModified, sizeBytes, sha256, verified } as const;
    stage.recordDelivered(record, true);
    await publishPart(part.path, output, deadlineMs === null ? null : deadlineMs - elapsedMs(), signal);
    stage.drop(key);
    this.#task.delivered(sizeBytes, sha256, verified);
    if (unrest !== null) entry.failure = fileFailure(unrest);
    return true;
  }

  /** Of a source that is not what it was: is what is kept the beginning of what it is? `false`: another step. */
  async #grownOrChanged(server: Server, kept: Kept): Promise<false> {
    const { writer, signal } = this.#task.context;
    if (!offers(server, 'digest')) return this.#changed(kept);
    const [here, proof] = await Promise.all([
      writer.hash(kept.path),
      askPrefix(server, this.#task.target, kept.bytes, signal),
    ]);
    const proved = proof.kind === 'digest' && proof.sha256 === here.sha256 && here.bytes === kept.bytes;
    return proved ? this.#grown(kept, proof) : this.#changed(kept);
  }

  #changed(kept: Kept): false {
    this.#task.restart(kept.bytes);
    return false;
  }

  #grown(kept: Kept, { etag, sizeBytes }: { readonly etag: string | null; readonly sizeBytes: number }): false {
    const { stage, emit } = this.#task.context;
    const { key, source } = this.#task.item;
    if (etag?.startsWith('W/') && this.#weakTags < MOST_WEAK_TAGS) {
      // Written to at this very moment: in a moment its entity tag is one that bytes may be joined under.
      this.#weakTags += 1;
      this.#task.notBeforeMs = elapsedMs() + WEAK_TAG_MS;
      return false;
    }
    stage.adopt(key, kept, source.text, taggedOnly(etag, sizeBytes));
    this.#task.sizeBytes = sizeBytes;
    emit({ event: 'SourceGrown', source: source.text, keptBytes: kept.bytes, sizeBytes });
    return false;
  }

  /** Opens what is kept to be continued; `null` where it may not be, because nothing strong says what it is part of. */
  async #openKept(server: Server): Promise<Kept | null> {
    const kept = this.#task.context.stage.kept(this.#task.item.key);
    if (kept === null || kept.bytes === 0 || kept.sizeBytes === null || kept.etag === null || kept.etag.weak)
      return null;
    const { sound } = await this.#open(kept);
    // Where the server tells of blocks, the damage is found and mended at the end; elsewhere all of it comes anew.
    if (sound || offers(server, 'digest')) return kept;
    await this.#task.context.writer.release();
    this.#task.context.stage.drop(this.#task.item.key);
    const reason = 'what was kept of it is not what was written';
    const { text } = this.#task.item.source;
    this.#task.context.emit({ event: 'DamageFound', source: text, reason, discardedBytes: kept.bytes });
    return null;
  }

  #open(kept: Kept): Promise<unknown> & Promise<{ readonly sound: boolean }> {
    const { stage, writer } = this.#task.context;
    return writer.open(kept.path, kept.bytes, kept.mark, ({ bytes, sha256 }) => {
      try {
        stage.mark(this.#task.item.key, kept.name, bytes, sha256);
      } catch {
        // A full disk says so to the next bytes as well; what the mark would have kept is lost in a power cut only.
      }
    });
  }

  #receiver(): Receiver {
    const { writer, budget } = this.#task.context;
    const expectedBytes = this.#task.expectedBytes;
    let sizeBytes = 0;
    return (chunk) => {
      sizeBytes += chunk.length;
      if (expectedBytes !== null && sizeBytes > expectedBytes * MOST_GROWTH + SMALL_BYTES) {
        throw new Failure('bad-answer', `The server sends far more than the ${expectedBytes} bytes that it spoke of.`);
      }
      // A body without a length is bounded by what may be published.
      if (this.#task.reservedBytes === 0 && this.#task.item.inOutbox && sizeBytes > budget.leftBytes)
        throw overBudget(null);
      this.#task.count(chunk.length);
      return writer.take(chunk);
    };
  }

  /** A whole body came although a part is here: of another version, or because the server does not do ranges. */
  #discard(kept: Kept, version: Version): void {
    this.#task.context.writer.release().catch(() => {});
    const tag = version.etag === null ? null : parseEntityTag(version.etag);
    const sameVersion = tag !== null && kept.etag !== null && matchesStrongly(tag, kept.etag);
    if (!sameVersion) this.#task.restart(kept.bytes);
  }
}

/** A version of which no more than its entity tag is known, and need be. */
function taggedOnly(etag: string | null, sizeBytes: number): Version {
  return { etag, lastModified: null, sizeBytes, mayChangeUnseen: false };
}

/** The version, under a weak tag where its server's would not tell the next version from it: then it is never continued. */
function trusted(server: Server, version: Version): Version {
  const isSure = offers(server, 'digest') || version.etag === null || !version.mayChangeUnseen;
  return isSure ? version : { ...version, etag: `W/${version.etag?.replace(/^W\//, '')}` };
}
