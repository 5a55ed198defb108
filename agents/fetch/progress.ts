import type { WriteStream } from 'node:tty';
import { formatBytes } from '../../shared/quantity.ts';
import type { FileEntry } from './report.ts';

const REDRAW_MS = 200;
const BAR_CELLS = 24;
/** The rate shown is of about this long, so that it neither jumps nor lags. */
const RATE_WINDOW_MS = 2_000;

/** Draws a bar for every file on its way at the foot of a terminal; lines that are printed meanwhile go above it. */
export class ProgressBars {
  readonly #stream: WriteStream;
  readonly #files: readonly FileEntry[];
  readonly #leftMs: () => number | null;
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #samples = new Map<FileEntry, { atMs: number; bytes: number }[]>();
  #drawnLines = 0;

  constructor(stream: WriteStream, files: readonly FileEntry[], nowMs: () => number, leftMs: () => number | null) {
    this.#stream = stream;
    this.#files = files;
    this.#nowMs = nowMs;
    this.#leftMs = leftMs;
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  /** Takes the bars away, so that a line can be printed. */
  clear(): void {
    if (this.#drawnLines > 0) this.#stream.write(`\x1b[${this.#drawnLines}F\x1b[J`);
    this.#drawnLines = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const lines = this.#files
      .filter((file) => file.state === 'fetching')
      .slice(0, Math.max(1, this.#stream.rows - 2))
      .map((file) => progressLine(file, this.#rate(file), this.#leftMs()).slice(0, this.#stream.columns - 1));
    this.clear();
    for (const line of lines) this.#stream.write(`${line}\n`);
    this.#drawnLines = lines.length;
  }

  /** Bytes a second of the last {@link RATE_WINDOW_MS}. */
  #rate(file: FileEntry): number {
    const samples = this.#samples.get(file) ?? [];
    const now = { atMs: this.#nowMs(), bytes: file.fetchedBytes };
    samples.push(now);
    while (samples.length > 2 && (samples[0]?.atMs ?? 0) < now.atMs - RATE_WINDOW_MS) samples.shift();
    this.#samples.set(file, samples);
    const first = samples[0] ?? now;
    return now.atMs === first.atMs ? 0 : ((now.bytes - first.bytes) * 1000) / (now.atMs - first.atMs);
  }
}

/** `sdr_syslog  [=====     ]  42 %  1.2 of 2.9 MiB  340 KiB/s  5 s left of 48 s`. */
export function progressLine(file: FileEntry, bytesPerSecond: number, windowLeftMs: number | null): string {
  const name = file.output.slice(file.output.lastIndexOf('/') + 1);
  const have = Math.min(file.reusedBytes + file.fetchedBytes, file.sizeBytes ?? Number.POSITIVE_INFINITY);
  const rate = `${formatBytes(bytesPerSecond)}/s`;
  if (file.sizeBytes === null) return `${name}  ${formatBytes(have)}  ${rate}`;
  const share = file.sizeBytes === 0 ? 1 : have / file.sizeBytes;
  const filled = Math.floor(share * BAR_CELLS);
  const bar = `${'='.repeat(filled)}${' '.repeat(BAR_CELLS - filled)}`;
  const leftS = bytesPerSecond === 0 ? '?' : String(Math.ceil((file.sizeBytes - have) / bytesPerSecond));
  const window = windowLeftMs === null ? '' : ` of ${Math.max(0, Math.floor(windowLeftMs / 1000))} s`;
  return `${name}  [${bar}] ${Math.floor(share * 100)} %  ${formatBytes(have)} of ${formatBytes(file.sizeBytes)}  ${rate}  ${leftS} s left${window}`;
}
