import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, ownProcessMark } from '../../agents/common/process-mark.ts';

describe('isAlive', () => {
  it('takes a process that was killed for dead, although nobody has collected it', async () => {
    // A parent that never waits, as the first process of many a container.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    const mark = { ...ownProcessMark(), pid, startTicks: stat()[19] ?? '' };
    expect(isAlive(mark)).toBe(true);
    // Until it has become the other program, the shell collects what ends.
    while (readFileSync(`/proc/${parent.pid}/comm`, 'latin1') !== 'sleep\n') await delay(5);
    process.kill(pid, 'SIGKILL');
    while (stat()[0] !== 'Z') await delay(5);
    expect(isAlive(mark)).toBe(false);
  });
});
