import { createHash, type Hash } from 'node:crypto';
import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, readSync, write as writeSome } from 'node:fs';
import { promisify } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import type { Mark, WriterCommand, WriterEvent, WriterSetup } from './part-writer.ts';

/**
 * The thread that hashes and writes, so that the thread that receives does neither. Bytes come through memory that both
 * threads see; only the numbers of its slots travel. A part begins with `open`, gets its `write`s, and ends with
 * `finish` or `release`.
 */

/** Between two marks: what a power cut can cost, and how often the disk is asked to sync. */
const MARK_INTERVAL_MS = 500;

const { ring, slotBytes } = workerData as WriterSetup;
const port = parentPort;
if (port === null) throw new Error('not a worker');

interface OpenPart {
  readonly fd: number;
  readonly hash: Hash;
  bytes: number;
  markedAtMs: number;
  marking: boolean;
  released: boolean;
}

let part: OpenPart | null = null;
const tell = (event: WriterEvent): void => port.postMessage(event);

let work = Promise.resolve();
port.on('message', (command: WriterCommand) => {
  work = work
    .then(() => obey(command))
    .catch((error: NodeJS.ErrnoException) => {
      release();
      tell({ kind: 'failed', errno: error.code ?? '', message: error.message });
    });
});

async function obey(command: WriterCommand): Promise<void> {
  switch (command.kind) {
    case 'open':
      open(command.path, command.keptBytes, command.mark);
      break;
    case 'write':
      await write(command.slot, command.offset, command.length, command.last);
      break;
    case 'finish':
      finish();
      break;
    case 'release':
      checkpoint();
      release();
      tell({ kind: 'released' });
      break;
    case 'hash':
      hashFile(command.path, command.blockBytes);
      break;
  }
}

function open(path: string, keptBytes: number, mark: Mark | null): void {
  const fd = openSync(path, keptBytes === 0 ? 'w+' : 'r+', 0o644);
  part = { fd, hash: createHash('sha256'), bytes: 0, markedAtMs: performance.now(), marking: false, released: false };
  ftruncateSync(fd, keptBytes);
  let sound = true;
  if (mark !== null) {
    hashUpTo(part, mark.bytes);
    sound = part.hash.copy().digest('hex') === mark.sha256;
  }
  hashUpTo(part, keptBytes);
  tell({ kind: 'opened', sound, sha256: part.hash.copy().digest('hex') });
}

/** Hashes what is on the disk, up to a byte: what is verified is what will be published. */
function hashUpTo(target: OpenPart, to: number): void {
  const buffer = Buffer.allocUnsafe(slotBytes);
  while (target.bytes < to) {
    const got = readSync(target.fd, buffer, 0, Math.min(buffer.length, to - target.bytes), target.bytes);
    if (got === 0) throw new Error('the part ends before its length');
    target.hash.update(buffer.subarray(0, got));
    target.bytes += got;
  }
}

/** Hashes beside the writing, of which there is one at a time: what a kill leaves of a part has no holes. */
async function write(slot: number, offset: number, length: number, last: boolean): Promise<void> {
  try {
    if (part === null) return;
    const bytes = new Uint8Array(ring, slot * slotBytes + offset, length);
    const written = writeWhole(part.fd, bytes, part.bytes);
    part.hash.update(bytes);
    await written;
    part.bytes += length;
    if (performance.now() - part.markedAtMs > MARK_INTERVAL_MS) mark(part);
  } finally {
    if (last) tell({ kind: 'emptied', slot });
  }
}

const writeInPool = promisify(writeSome);

async function writeWhole(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await writeInPool(fd, bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Syncs beside the writing, which goes on meanwhile: the mark says only what was written when the sync began. */
function mark(target: OpenPart): void {
  if (target.marking) return;
  target.marking = true;
  const { bytes } = target;
  const sha256 = target.hash.copy().digest('hex');
  fdatasync(target.fd, (error) => {
    target.marking = false;
    target.markedAtMs = performance.now();
    if (target.released) closeSync(target.fd);
    // A disk that refuses says so again at the next write or at the end.
    else if (error === null) tell({ kind: 'mark', bytes, sha256 });
  });
}

function finish(): void {
  if (part === null) return;
  const { fd, bytes, hash } = part;
  fdatasyncSync(fd);
  release();
  tell({ kind: 'finished', bytes, sha256: hash.digest('hex') });
}

/** The payload's power may go as soon as a window has ended. */
function checkpoint(): void {
  if (part === null) return;
  fdatasyncSync(part.fd);
  tell({ kind: 'mark', bytes: part.bytes, sha256: part.hash.copy().digest('hex') });
}

function release(): void {
  if (part === null) return;
  part.released = true;
  if (!part.marking) closeSync(part.fd);
  part = null;
}

/** Hashes a file, and its blocks where that is asked; everything is read from the disk. */
function hashFile(path: string, blockBytes: number | null): void {
  const fd = openSync(path, 'r');
  try {
    const whole = createHash('sha256');
    const blocks: string[] = [];
    const buffer = Buffer.allocUnsafe(blockBytes ?? slotBytes);
    let bytes = 0;
    for (;;) {
      const got = readSync(fd, buffer, 0, buffer.length, bytes);
      if (got === 0) break;
      const stretch = buffer.subarray(0, got);
      whole.update(stretch);
      if (blockBytes !== null) blocks.push(createHash('sha256').update(stretch).digest('hex'));
      bytes += got;
    }
    tell({ kind: 'hashed', bytes, sha256: whole.digest('hex'), blocks });
  } finally {
    closeSync(fd);
  }
}
