import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { TransferCutError } from './sender.ts';
import source from './walk.worker.ts?source';

/** A tree to be walked, and what of it is wanted. */
export interface Tree {
  /** The directory where it begins, with no link in it: of byte characters (shared/path.ts), with a slash at its end. */
  readonly root: string;
  /** See shared/glob.ts; `null` for everything. */
  readonly glob: string | null;
  /** How many levels down, 1 being the entries of the root itself. */
  readonly depth: number;
  /** A walker that has found more than so many entries stops to ask. */
  readonly limit: number;
}

/** The root may be all there is, and so each walker has a share of its names. Any other directory is one walker's. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** What a walker found since it was last asked. */
export interface Step {
  /** Lines of a manifest (shared/manifest.ts), `count` of them. They stand until the next step is asked for. */
  readonly lines: Uint8Array<ArrayBuffer>;
  readonly count: number;
  /** Directories that are still to be walked: relative to the root, with a slash at their end. */
  readonly below: readonly string[];
  /** Whether a directory could not be read. */
  readonly unreadable: boolean;
  /** Whether it is through with the directories that it was given. */
  readonly done: boolean;
}

/** What starts a walker on a tree. The port takes an {@link Ask} and gives a {@link Step}. */
export interface Start {
  readonly tree: Tree;
  readonly share: Share;
  readonly port: MessagePort;
}

/** What has a walker go one step. */
export interface Ask {
  /** Directories to be walked after those that it has. */
  readonly directories: readonly string[];
  /** Memory of lines that have been sent, to be used again: left to the collector it would grow by every manifest. */
  readonly spare: ArrayBuffer | null;
}

/** As many as the machine has cores: looking at a file through Node takes twice as long as find(1) does. */
const THREADS = 2;

/** So many directories are handed out at once, at most: were it one, a message would cost more than a small directory. */
const MOST_AT_ONCE = 64;

/** Far more than a step takes: a bound for what was not foreseen, and a small young generation, which stays in the cache. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 32 };

/**
 * Walks trees in threads of their own, so that slow flash holds up no transfer. They start with the first walk, so that a
 * run without one does not pay for them. The directories that are still to be walked are kept here; a walker gets a few of
 * them and goes one step, of a bounded size, each time that it is asked. So walks take turns, whose reader is slow has his
 * wait, and nobody holds more than a step of each walker in memory.
 */
export class Walkers {
  #threads: readonly Worker[] = [];

  /** Gives the tree step by step, in no order. Throws a {@link TransferCutError} where a thread dies under it. */
  async *walk(tree: Tree): AsyncGenerator<Step, void> {
    const waiting: string[] = [];
    const walkers = this.#started().map((thread, index, { length: of }) => new Walker(thread, tree, { index, of }));
    const underWay = new Map<Walker, Promise<Taken>>();
    let last: Step | null = null;
    let spare: ArrayBuffer | null = null;
    try {
      for (;;) {
        for (const walker of walkers) {
          if (underWay.has(walker)) continue;
          const directories = walker.done ? waiting.splice(-handful(waiting.length)) : [];
          if (walker.done && directories.length === 0) continue;
          underWay.set(walker, walker.go({ directories, spare }));
          spare = null;
        }
        // The walkers go on while its lines are sent.
        if (last !== null) {
          yield last;
          spare = last.lines.buffer;
        }
        if (underWay.size === 0) return;
        const { walker, step }: Taken = await Promise.race(underWay.values());
        if (step === null) {
          // Before the thread's own word of it, so that the next walk does not begin with a dead one.
          this.#forget(walker.thread);
          throw new TransferCutError('the walk broke off');
        }
        underWay.delete(walker);
        waiting.push(...step.below);
        last = step;
      }
    } finally {
      for (const walker of walkers) walker.leave();
    }
  }

  #started(): readonly Worker[] {
    while (this.#threads.length < THREADS) {
      // Without the flags of the main thread: -e among them would be taken for the worker's own.
      const thread = new Worker(source, { eval: true, execArgv: [], resourceLimits: RESOURCE_LIMITS });
      thread.unref();
      thread.on('error', () => this.#forget(thread));
      this.#threads = [...this.#threads, thread];
    }
    return this.#threads;
  }

  #forget(thread: Worker): void {
    this.#threads = this.#threads.filter((other) => other !== thread);
  }
}

/** Fewer and fewer, so that no walker is left with much when the others have come to the end. */
function handful(directories: number): number {
  return Math.min(MOST_AT_ONCE, Math.ceil(directories / (2 * THREADS)));
}

/** `step` is `null` where the thread has died. */
interface Taken {
  readonly walker: Walker;
  readonly step: Step | null;
}

/** A thread's part in one walk. */
class Walker {
  /** Whether it is through with its share of the root, and the directories that it was given. */
  done = false;
  readonly thread: Worker;
  readonly #port: MessagePort;
  #alive = true;
  #taken: (step: Step | null) => void = () => {};

  constructor(thread: Worker, tree: Tree, share: Share) {
    const { port1, port2 } = new MessageChannel();
    this.thread = thread;
    this.#port = port1;
    port1.on('message', (step: Step) => this.#taken(step));
    port1.on('close', () => {
      this.#alive = false;
      this.#taken(null);
    });
    const start: Start = { tree, share, port: port2 };
    thread.postMessage(start, [port2]);
  }

  /** Goes one step. */
  go(ask: Ask): Promise<Taken> {
    return new Promise((resolve) => {
      this.#taken = (step) => {
        this.done = step?.done ?? false;
        resolve({ walker: this, step });
      };
      if (this.#alive) this.#port.postMessage(ask, ask.spare === null ? [] : [ask.spare]);
      else this.#taken(null);
    });
  }

  /** Ends its part, whether or not it has come to an end. */
  leave(): void {
    this.#port.close();
  }
}
