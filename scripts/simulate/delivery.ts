import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type FetchReport, fetchReport, serveReport } from '../../shared/report.ts';

/** A delivered object and what was found of it. */
export interface CheckedObject {
  readonly key: string;
  readonly sha256: string;
  readonly finding: string;
  readonly sound: boolean;
}

export interface Delivery {
  readonly objects: readonly CheckedObject[];
  /** What should have arrived and did not, in sentences. */
  readonly missing: readonly string[];
}

const REPORTS = { 'payload-serve-report.json': serveReport, 'payload-fetch-report.json': fetchReport } as const;

/**
 * Checks what was delivered: the fetched file against its source and against the fetch report's SHA-256, the reports
 * against their schema. `keys` are the objects below `downlink`; `output` is the name that `source` was fetched under.
 */
export async function checkDelivery(
  downlink: string,
  keys: readonly string[],
  source: string,
  output: string,
): Promise<Delivery> {
  const sourceSha256 = await sha256Of(source);
  const report = readFetchReport(downlink, keys);
  const stated = report?.files.find((file) => basename(file.output) === output);

  const objects: CheckedObject[] = [];
  for (const key of keys) {
    const sha256 = await sha256Of(join(downlink, key));
    objects.push({ key, sha256, ...judge(key, sha256) });
  }

  function judge(key: string, sha256: string): { finding: string; sound: boolean } {
    const name = nameOf(key);
    if (name === output) {
      if (sha256 !== sourceSha256) return { finding: `differs from the source, ${sourceSha256}`, sound: false };
      if (stated?.sha256 !== sha256) return { finding: 'is not what the report says', sound: false };
      return { finding: 'as on the SDR, and as the report says', sound: true };
    }
    if (name in REPORTS) {
      const problem = problemOf(join(downlink, key), REPORTS[name as keyof typeof REPORTS]);
      return problem === null ? { finding: 'a valid report', sound: true } : { finding: problem, sound: false };
    }
    return { finding: 'nothing states its digest', sound: true };
  }

  const arrived = new Set(keys.map(nameOf));
  const missing = [output, ...Object.keys(REPORTS)]
    .filter((name) => !arrived.has(name))
    .map((name) => `${name} was not delivered.${name === output ? ` ${reasonOf(report)}` : ''}`);
  return { objects, missing };
}

/** The file's name in the outbox: what follows the time stamp. */
function nameOf(key: string): string {
  return /[0-9]{8}T[0-9]{6}Z_(.*)$/s.exec(key)?.[1] ?? key;
}

function readFetchReport(downlink: string, keys: readonly string[]): FetchReport | null {
  const key = keys.find((candidate) => nameOf(candidate) === 'payload-fetch-report.json');
  if (key === undefined) return null;
  const parsed = fetchReport.safeParse(parseJson(readFileSync(join(downlink, key), 'utf8')));
  return parsed.success ? parsed.data : null;
}

function problemOf(path: string, schema: (typeof REPORTS)[keyof typeof REPORTS]): string | null {
  const parsed = schema.safeParse(parseJson(readFileSync(path, 'utf8')));
  const [issue] = parsed.error?.issues ?? [];
  return issue === undefined ? null : `not a valid report: ${issue.path.join('.')}: ${issue.message}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(report: FetchReport | null): string {
  const failure = report?.files[0]?.failure ?? report?.failure;
  return failure ? `${failure.reason} ${failure.advice}` : 'The report of payload-fetch does not say why.';
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}
