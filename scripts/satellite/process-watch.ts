import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessPeaks {
  readonly operatorPeakBytes: number;
  readonly windowsPeakBytes: number;
  readonly peakProcesses: number;
}

const SAMPLE_MS = 500;

/**
 * Watches this process, and the processes that it started, for the most memory that they hold. What several processes
 * share is counted once, in parts (PSS, proc(5)).
 */
export function watchProcesses(): { stop(): ProcessPeaks } {
  let peaks: ProcessPeaks = { operatorPeakBytes: 0, windowsPeakBytes: 0, peakProcesses: 0 };
  const sample = (): void => {
    const children = childrenOf(process.pid).flatMap((pid) => [pid, ...childrenOf(pid)]);
    const windowsBytes = children.reduce((sum, pid) => sum + proportionalBytes(pid), 0);
    peaks = {
      operatorPeakBytes: Math.max(peaks.operatorPeakBytes, process.memoryUsage.rss()),
      windowsPeakBytes: Math.max(peaks.windowsPeakBytes, windowsBytes),
      peakProcesses: Math.max(peaks.peakProcesses, children.length),
    };
  };
  const timer = setInterval(sample, SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return peaks;
    },
  };
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    // It has ended since it was listed.
    return [];
  }
}

function proportionalBytes(pid: number): number {
  try {
    const [, kib = '0'] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? [];
    return Number(kib) * 1024;
  } catch {
    return 0;
  }
}
