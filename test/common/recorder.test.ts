import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { consoleOn } from '../../agents/common/console.ts';
import { Recorder } from '../../agents/common/recorder.ts';
import { type Severity, serveEvents } from '../../shared/event.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('Recorder', () => {
  it('tells each event to the log, with its fields, and to the console, as a sentence', () => {
    const path = join(temporaryDirectory(), 'log.ndjson');
    const said: (readonly [Severity, string])[] = [];
    const recorder = new Recorder(serveEvents, (severity, message) => said.push([severity, message()]), path, 65_536);
    recorder.emit({ event: 'Listening', address: '0.0.0.0', port: 10101, directory: '/' });
    recorder.close();

    const message = 'Serving / at 0.0.0.0 port 10101.';
    expect(said).toEqual([['info', message]]);
    const line: { time: string; elapsedMs: number } = JSON.parse(readFileSync(path, 'utf8'));
    expect(line).toMatchObject({ level: 'info', event: 'Listening', port: 10101, directory: '/', msg: message });
    expect(new Date(line.time).toISOString()).toBe(line.time);
    expect(line.elapsedMs).toBeGreaterThan(0);
  });

  it('tells the console alone where there is nowhere to keep a log', () => {
    const said: string[] = [];
    const recorder = new Recorder(serveEvents, (_, message) => said.push(message()), null, 65_536);
    recorder.emit({ event: 'WindowEnding', cause: 'signal' });
    recorder.close();
    expect(said).toEqual(['A signal ends the window.']);
  });
});

describe('a log that is full', () => {
  it('keeps the latest of each level, in their order, makes no line of what it drops, and counts that', () => {
    const path = join(temporaryDirectory(), 'log.ndjson');
    let made = 0;
    const kind = (severity: Severity) => ({
      severity,
      message: ({ n }: { n: number }) => {
        made += 1;
        return `${severity} ${n}`;
      },
    });
    const catalogue = { Routine: kind('debug'), Step: kind('info'), Loss: kind('warn') };
    const recorder = new Recorder(catalogue, () => {}, path, 8192);
    const EVENTS = 50_000;
    for (let n = 0; n < EVENTS; n += 1) {
      recorder.emit({ event: n % 10_000 === 5000 ? 'Loss' : n % 1000 === 0 ? 'Step' : 'Routine', n });
    }
    recorder.close();

    const [note, ...lines] = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((text): { event: string; n: number; dropped: number; elapsedMs: number } => JSON.parse(text));
    expect(note?.event).toBe('LogTrimmed');
    expect((note?.dropped ?? 0) + lines.length).toBe(EVENTS);
    expect(lines.map(({ n }) => n)).toEqual(lines.map(({ n }) => n).sort((a, b) => a - b));
    expect(lines.filter(({ event }) => event === 'Loss')).toHaveLength(5);
    expect(lines.filter(({ event }) => event === 'Step').at(-1)?.n).toBe(49_000);
    expect(lines.at(-1)?.n).toBe(EVENTS - 1);
    expect(made).toBeLessThan(EVENTS / 10);
  });
});

describe('the console', () => {
  const streams = (isTTY: boolean) => {
    const written = { out: '', err: '' };
    const write = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
      written[stream] += String(text);
      return true;
    };
    const console = consoleOn({ isTTY, write: write('out') }, { write: write('err') });
    return { written, console };
  };
  const all = ['debug', 'info', 'warn', 'error'] as const;

  it.each([
    [true, { out: 'info\n', err: 'warn\nerror\n' }],
    [false, { out: '', err: 'warn\nerror\n' }],
  ])('on a terminal: %s', (isTTY, expected) => {
    const { written, console } = streams(isTTY);
    for (const severity of all) console(severity, () => severity);
    expect(written).toEqual(expected);
  });
});
