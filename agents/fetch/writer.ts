import { PartWriter } from './part-writer.ts';

/**
 * The run's one writer. On Node 16 its thread takes 50 to 90 ms to start, longer than everything that comes before the
 * first byte of a file: it is begun before anything else is loaded, on the guess that a first word which is neither a
 * flag nor a directory nor a pattern names one file, and a large one. A wrong guess costs 20 ms of the other processor, or
 * saves nothing.
 */
export const writer = new PartWriter();

if (/^[^-][^*?[]*[^/]$/.test(process.argv[2] ?? '')) writer.start();
