import { parentPort, workerData } from 'node:worker_threads';
import { manifestLines } from './manifest-lines.ts';
import type { ManifestJob } from './manifests.ts';

/** Makes its share of one manifest, never further ahead of the reader than it may be, and ends. */
const { fd, query, share, taken, aheadChunks } = workerData as ManifestJob;

let made = 0;
for (const chunk of manifestLines(fd, query, share)) {
  parentPort?.postMessage(chunk);
  made += 1;
  for (let read = Atomics.load(taken, 0); made - read >= aheadChunks; read = Atomics.load(taken, 0)) {
    Atomics.wait(taken, 0, read);
  }
}
parentPort?.postMessage(null);
