import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { replaceFileSync } from '../../agents/common/atomic-file.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('replaceFileSync', () => {
  it('makes the file, or replaces it, and leaves nothing else', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'report.json');
    replaceFileSync(path, 'one');
    expect(readFileSync(path, 'utf8')).toBe('one');
    replaceFileSync(path, 'zwei');
    expect(readFileSync(path, 'utf8')).toBe('zwei');
    expect(readdirSync(directory)).toEqual(['report.json']);
    expect(statSync(path).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  it('keeps the old file, and leaves nothing behind, where the new one cannot take its place', () => {
    const directory = temporaryDirectory();
    const taken = join(directory, 'report.json');
    mkdirSync(taken);
    expect(() => replaceFileSync(taken, 'new')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(readdirSync(directory)).toEqual(['report.json']);
    expect(() => replaceFileSync(join(directory, 'absent', 'x'), 'new')).toThrow('ENOENT');
    expect(existsSync(join(directory, 'absent'))).toBe(false);
  });

  it('writes over what a kill left behind', () => {
    const directory = temporaryDirectory();
    const leftover = join(directory, '.report.json.partial');
    writeFileSync(leftover, 'a much longer text than the new one');
    chmodSync(leftover, 0o600);
    replaceFileSync(join(directory, 'report.json'), 'new');
    expect(readFileSync(join(directory, 'report.json'), 'utf8')).toBe('new');
    expect(readdirSync(directory)).toEqual(['report.json']);
  });

  it('writes in the workshop, so that a kill leaves nothing beside the file', () => {
    const [outbox, workshop] = [temporaryDirectory(), temporaryDirectory()];
    // Nothing can be written under this name beside the file.
    mkdirSync(join(outbox, '.report.json.partial'));
    replaceFileSync(join(outbox, 'report.json'), 'new', workshop);
    expect(readFileSync(join(outbox, 'report.json'), 'utf8')).toBe('new');
    expect(readdirSync(workshop)).toEqual([]);
  });

  it('writes beside the file where the workshop does not serve', () => {
    const outbox = temporaryDirectory();
    for (const workshop of [join(outbox, 'absent'), '/proc']) {
      replaceFileSync(join(outbox, 'report.json'), workshop, workshop);
      expect(readFileSync(join(outbox, 'report.json'), 'utf8')).toBe(workshop);
      expect(readdirSync(outbox)).toEqual(['report.json']);
    }
  });

  it('never shows a reader anything but a whole file', async () => {
    const path = join(temporaryDirectory(), 'report.json');
    const contents = ['a', 'b'].map((letter) => letter.repeat(100_000));
    replaceFileSync(path, contents[0] ?? '');
    const reader = new Worker(
      `const { readFileSync } = require('fs');
       const { parentPort, workerData } = require('worker_threads');
       const seen = new Set();
       let stop = false;
       parentPort.on('message', () => { stop = true; });
       (function read() {
         const text = readFileSync(workerData, 'utf8');
         seen.add(text.length + text[0] + text[text.length - 1]);
         if (stop) { parentPort.postMessage([...seen]); parentPort.close(); } else setImmediate(read);
       })();`,
      { eval: true, workerData: path },
    );
    const seen = new Promise<readonly string[]>((resolve) => reader.once('message', resolve));
    for (let i = 0; i < 50; i += 1) replaceFileSync(path, contents[i % 2] ?? '');
    reader.postMessage('stop');
    expect(['100000aa', '100000bb']).toEqual(expect.arrayContaining([...(await seen)]));
  });
});
