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
    const recorder = new Recorder(serveEvents, (...words) => said.push(words), path, 65_536);
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
    const recorder = new Recorder(serveEvents, (_, message) => said.push(message), null, 65_536);
    recorder.emit({ event: 'WindowEnding', cause: 'signal' });
    recorder.close();
    expect(said).toEqual(['A signal ends the window.']);
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
    for (const severity of all) console(severity, severity);
    expect(written).toEqual(expected);
  });
});
