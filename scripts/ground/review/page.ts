import { count, formatBytes } from '../../../shared/quantity.ts';
import { formatEpoch } from '../quantity.ts';
import { Html, html } from './html.ts';
import type { Outcome, OutcomeKind } from './outcome.ts';
import { type Pass, traceTransfers } from './pass.ts';
import { type SatelliteReview, unaccountedFiles } from './review.ts';
import { layOutTimeline } from './timeline.ts';
import { drawTimeline } from './timeline-svg.ts';

/** A proposed mission, as it was written to a file. */
export interface WrittenMission {
  readonly path: string;
  readonly text: string;
}

export interface PageContent {
  readonly bucket: string;
  readonly reviewedAtEpochSeconds: number;
  readonly css: string;
  readonly reviews: readonly SatelliteReview[];
  /** By satellite. */
  readonly nextMissions: ReadonlyMap<string, WrittenMission>;
}

/** Warnings of one pass that are shown; the logs have the rest. */
const WARNINGS_SHOWN = 12;

/** Passes that are drawn, the latest first; older ones are counted. */
const PASSES_DRAWN = 10;

const STATES: Readonly<Record<OutcomeKind, readonly [words: string, tone: 'good' | 'warn' | 'bad']>> = {
  verified: ['Arrived, verified', 'good'],
  'on-board': ['Kept on board', 'good'],
  'on-the-way': ['Not downlinked yet', 'warn'],
  resumable: ['Not whole yet', 'warn'],
  unreported: ['No word of it', 'warn'],
  altered: ['Altered', 'bad'],
  refused: ['Refused', 'bad'],
  failed: ['Failed', 'bad'],
};

/** The review as one page that needs nothing beside it: style and drawings are in it, and no script. */
export function renderPage(content: PageContent): string {
  const { reviews } = content;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="payload-link review">
<title>Review of ${reviews.map((review) => review.satellite).join(', ') || 'nothing'}</title>
<style>${new Html(content.css)}</style>
</head>
<body>
<header>
<h1>What came down</h1>
<p class="quiet">${content.bucket}, reviewed ${formatEpoch(content.reviewedAtEpochSeconds)}</p>
</header>
<main>
${reviews.length > 1 ? renderSummary(reviews) : null}
${reviews.map((review) => renderSatellite(review, content.nextMissions.get(review.satellite) ?? null))}
</main>
</body>
</html>
`.text;
}

/** What a review comes to, in one sentence. */
export function verdictOf(review: SatelliteReview): {
  readonly sentence: string;
  readonly tone: 'good' | 'warn' | 'bad';
} {
  const { outcomes } = review;
  if (outcomes.length === 0) {
    const ran = review.passes.some((pass) => pass.fetch !== null);
    const sentence = ran ? 'payload-fetch reports no file.' : 'No report of payload-fetch has arrived.';
    return { sentence, tone: 'warn' };
  }
  const there = outcomes.filter((outcome) => STATES[outcome.kind][1] === 'good').length;
  if (there === outcomes.length) {
    return { sentence: `Complete: ${count(there, 'file')} arrived and verified.`, tone: 'good' };
  }
  const bad = outcomes.some((outcome) => STATES[outcome.kind][1] === 'bad');
  const next = review.next === null ? '' : ` The next window finishes ${count(review.next.files, 'file')}.`;
  return {
    sentence: `${there} of ${count(outcomes.length, 'file')} arrived and verified.${next}`,
    tone: bad ? 'bad' : 'warn',
  };
}

/** A state in words, for the terminal too. */
export function stateInWords(outcome: Outcome): string {
  return STATES[outcome.kind][0];
}

function renderSummary(reviews: readonly SatelliteReview[]): Html {
  const rows = reviews.map((review) => {
    const { sentence, tone } = verdictOf(review);
    return html`<tr><td><a href="#${review.satellite}">${review.satellite}</a></td><td class="${tone}">${sentence}</td></tr>`;
  });
  return html`<div class="scroll"><table><thead><tr><th scope="col">Satellite</th><th scope="col">Result</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function renderSatellite(review: SatelliteReview, next: WrittenMission | null): Html {
  const { sentence, tone } = verdictOf(review);
  const drawn = review.passes.slice(0, PASSES_DRAWN);
  const older = review.passes.length - drawn.length;
  return html`<section id="${review.satellite}" aria-labelledby="${review.satellite}-title">
<h2 id="${review.satellite}-title">${review.satellite}</h2>
<p class="verdict ${tone}">${sentence}</p>
${renderFiles(review.outcomes)}
${review.next === null ? null : renderNext(review, next)}
${drawn.map((pass, index) => renderPass(pass, review, index === 0))}
${older > 0 ? html`<p class="quiet">${count(older, 'earlier pass')} not drawn.</p>` : null}
${renderOther(review)}
</section>`;
}

function renderFiles(outcomes: readonly Outcome[]): Html | null {
  if (outcomes.length === 0) return null;
  const rows = outcomes.map((outcome) => {
    const [words, tone] = STATES[outcome.kind];
    const { reported } = outcome;
    return html`<tr>
<td><code>${outcome.path}</code>${outcome.name === null ? null : html`<br><span class="quiet">${outcome.name}</span>`}</td>
<td class="state ${tone}">${words}</td>
<td class="number">${bytesOr(reported?.sizeBytes)}</td>
<td class="number">${bytesOr(reported?.fetchedBytes)}</td>
<td class="number">${bytesOr(reported?.reusedBytes)}</td>
<td class="number">${reported === null ? '–' : Math.max(0, reported.attempts - 1)}</td>
<td>${outcome.sentence}${reported?.sha256 ? html`<br><code class="quiet">${reported.sha256}</code>` : null}</td>
</tr>`;
  });
  return html`<h3>Files</h3>
<div class="scroll"><table>
<thead><tr><th scope="col">On the SDR, on the ground</th><th scope="col">State</th><th scope="col" class="number">Size</th><th scope="col" class="number">Moved</th><th scope="col" class="number">Reused</th><th scope="col" class="number">Retries</th><th scope="col">What happened</th></tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}

function renderNext(review: SatelliteReview, next: WrittenMission | null): Html {
  const { remainingBytes, files, sentences } = review.next ?? { remainingBytes: null, files: 0, sentences: [] };
  const amount = remainingBytes === null ? 'of a size not known' : formatBytes(remainingBytes);
  return html`<h3>The next window</h3>
<p>${count(files, 'file')} outstanding, ${amount} still to move. ${sentences.join(' ')}</p>
${next === null ? null : html`<p><code>payload-link deploy ${next.path}</code></p><pre>${next.text}</pre>`}`;
}

function renderPass(pass: Pass, review: SatelliteReview, isLatest: boolean): Html {
  const timeline = layOutTimeline(pass, isLatest ? review.planned : null);
  const { link, totals } = pass.fetch?.report ?? {};
  const rate = link?.bytesPerSecond ?? null;
  // A program that was cut off ran on for a while after it had last written its report.
  const wasCut = [pass.serve, pass.fetch].some((run) => run?.report.state === 'running');
  const retries =
    pass.fetch === null ? null : traceTransfers(pass.fetch).reduce((sum, t) => sum + t.retriesMs.length, 0);
  const tiles: readonly (readonly [string, string])[] = [
    [
      'Overlap',
      timeline.overlap === null
        ? '–'
        : `${wasCut ? '≥ ' : ''}${inSeconds(timeline.overlap.endMs - timeline.overlap.startMs)}`,
    ],
    [
      'Waited for the server',
      pass.fetch?.report.server.waitedMs == null ? '–' : inSeconds(pass.fetch.report.server.waitedMs),
    ],
    ['Throughput', rate === null ? '–' : `${formatBytes(rate)}/s`],
    ['First byte', link?.firstByteMs == null ? '–' : inSeconds(link.firstByteMs)],
    ['Moved', bytesOr(totals?.fetchedBytes)],
    ['Reused', bytesOr(totals?.reusedBytes)],
    ['Repaired', bytesOr(totals?.mendedBytes)],
    ['Retries', retries === null ? '–' : String(retries)],
  ];
  return html`<h3>Pass of ${formatEpoch(Math.floor(pass.stampedAtMs / 1000))}</h3>
<dl class="tiles">${tiles.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<figure>${drawTimeline(timeline)}
<figcaption>Seconds. Dashed outlines: the windows as planned. Bars: the programs as they ran, and each file as it came; a dashed file did not come whole, a stroke across it is a failed attempt. Shaded: both programs ran.${timeline.note === null ? '' : ` ${timeline.note}`}${timeline.omitted === 0 ? '' : ` ${count(timeline.omitted, 'more file')} not drawn.`}</figcaption>
</figure>
<p><strong>SDR.</strong> ${endingOf(pass.serve?.report ?? null, 'payload-serve')}</p>
${pass.idle.map((run) => html`<p><strong>SDR, besides.</strong> ${endingOf(run.report, 'payload-serve')}</p>`)}
<p><strong>SABERTOOTH.</strong> ${endingOf(pass.fetch?.report ?? null, 'payload-fetch')}</p>
${renderWarnings(pass)}`;
}

/** What the agents warned of: changed sources, repairs, refusals, whatever cost a window its time. */
function renderWarnings(pass: Pass): Html | null {
  const lines = [pass.serve, ...pass.idle, pass.fetch]
    .flatMap((run) => run?.log ?? [])
    .filter(({ level }) => level === 'warn' || level === 'error');
  if (lines.length === 0) return null;
  const shown = lines.slice(0, WARNINGS_SHOWN).map((line) => html`<li>${line.msg}</li>`);
  const more = lines.length - shown.length;
  return html`<ul>${shown}</ul>${more === 0 ? null : html`<p class="quiet">${count(more, 'more line')} in the logs.</p>`}`;
}

/** How a program's run ended. */
function endingOf(
  report: Pick<
    NonNullable<Pass['fetch']>['report'] | NonNullable<Pass['serve']>['report'],
    'state' | 'ending' | 'exitCode' | 'failure' | 'elapsedMs'
  > | null,
  agent: string,
): string {
  if (report === null) return `No report of ${agent} has arrived.`;
  const ran = `${agent} ran for ${inSeconds(report.elapsedMs)}`;
  if (report.state === 'running')
    return `${agent} last wrote its report after ${inSeconds(report.elapsedMs)} and was then cut off, by loss of power or a kill.`;
  if (report.failure !== null) return `${ran}. ${report.failure.reason} ${report.failure.advice}`;
  const endings = {
    done: 'and ended when everything was done',
    duration: 'and ended by its duration',
    signal: 'and was ended by the end of the window',
    failure: 'and failed',
  } as const;
  return `${ran} ${endings[report.ending ?? 'failure']}, exit code ${report.exitCode ?? '–'}.`;
}

function renderOther(review: SatelliteReview): Html | null {
  const { startFailures, unreadable } = review.evidence;
  const unaccounted = unaccountedFiles(review);
  if (startFailures.length + unreadable.length + unaccounted.length === 0) return null;
  const items = [
    ...startFailures.map((failure) => html`<li class="bad">${failure.sentence}</li>`),
    ...unreadable.map(
      (each) =>
        html`<li class="bad"><code>${each.object.listedAs}</code> is not a report that can be read: ${each.reason}.</li>`,
    ),
    ...unaccounted.map(
      (file) =>
        html`<li><code>${file.listedAs}</code>, ${formatBytes(file.sizeBytes)}: no report states its digest.</li>`,
    ),
  ];
  return html`<h3>Besides</h3><ul>${items}</ul>`;
}

function bytesOr(sizeBytes: number | null | undefined): string {
  return sizeBytes == null ? '–' : formatBytes(sizeBytes);
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
