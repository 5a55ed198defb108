import { type Html, html } from './html.ts';
import type { Bar, Timeline } from './timeline.ts';

/** Everything is drawn in these units and scaled by the page; the text stays readable down to a phone's width. */
const WIDTH = 960;
const LABEL_WIDTH = 150;
const ROW_HEIGHT = 34;
const TRANSFER_HEIGHT = 22;
const AXIS_HEIGHT = 26;
const MARGIN = 10;
/** The last tick's label stands half beyond it. */
const RIGHT_MARGIN = 28;

/** Draws a timeline. Colours are the page's; nothing is told by colour alone. */
export function drawTimeline(timeline: Timeline): Html {
  const scale = (WIDTH - LABEL_WIDTH - RIGHT_MARGIN) / timeline.lengthMs;
  const x = (ms: number): number => round(LABEL_WIDTH + ms * scale);
  const width = (bar: Bar): number => Math.max(2, round((bar.endMs - bar.startMs) * scale));
  const transfersTop = MARGIN + timeline.rows.length * ROW_HEIGHT + 8;
  const axisTop = transfersTop + timeline.transfers.length * TRANSFER_HEIGHT + 4;
  const height = axisTop + AXIS_HEIGHT;

  const overlap = timeline.overlap === null ? null : drawOverlap(timeline.overlap);
  const rows = timeline.rows.map((row, index) => {
    const y = MARGIN + index * ROW_HEIGHT;
    return html`<text class="label" x="0" y="${y + 19}">${row.label}</text>
${row.planned === null ? null : html`<rect class="planned" x="${x(row.planned.startMs)}" y="${y}" width="${width(row.planned)}" height="26" rx="4"><title>${row.label} window as planned: ${seconds(row.planned)}</title></rect>`}
${row.ran === null ? html`<text class="absent" x="${LABEL_WIDTH + 6}" y="${y + 18}">no report</text>` : html`<rect class="ran" x="${x(row.ran.startMs)}" y="${y + 5}" width="${width(row.ran)}" height="16" rx="3"><title>${row.label} program ran: ${seconds(row.ran)}</title></rect>`}`;
  });
  const transfers = timeline.transfers.map((transfer, index) => {
    const y = transfersTop + index * TRANSFER_HEIGHT;
    const state = transfer.delivered ? 'delivered' : 'not delivered';
    return html`<text class="path" x="0" y="${y + 13}">${shortened(transfer.label)}</text>
<rect class="${transfer.delivered ? 'delivered' : 'unfinished'}" x="${x(transfer.bar.startMs)}" y="${y + 3}" width="${width(transfer.bar)}" height="12" rx="2"><title>${transfer.label}: ${state}, ${seconds(transfer.bar)}</title></rect>
${transfer.retriesMs.map((ms) => html`<path class="retry" d="M${x(ms)} ${y + 1}v16"><title>attempt failed at ${inSeconds(ms)} s</title></path>`)}`;
  });

  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${describe(timeline)}">
${overlap}
${drawAxis()}
${rows}
${transfers}
</svg>`;

  function drawOverlap(bar: Bar): Html {
    return html`<rect class="overlap" x="${x(bar.startMs)}" y="0" width="${width(bar)}" height="${axisTop}"><title>Both programs ran: ${seconds(bar)}</title></rect>`;
  }

  function drawAxis(): Html {
    const ticks = tickSeconds(timeline.lengthMs).map(
      (second) =>
        html`<path class="tick" d="M${x(second * 1000)} 0V${axisTop}"/><text class="time" x="${x(second * 1000)}" y="${axisTop + 16}">${second} s</text>`,
    );
    return html`${ticks}`;
  }
}

/** The same in words, for whoever does not see it. */
export function describe(timeline: Timeline): string {
  const rows = timeline.rows.map(
    (row) => `${row.label}: ${row.ran === null ? 'no report' : `ran ${seconds(row.ran)}`}`,
  );
  const overlap = timeline.overlap === null ? 'no overlap' : `both ran ${seconds(timeline.overlap)}`;
  return `Timeline of both windows. ${rows.join('; ')}; ${overlap}.`;
}

/** Round steps, ten of them at most. */
function tickSeconds(lengthMs: number): readonly number[] {
  const length = lengthMs / 1000;
  const step =
    [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600].find((candidate) => length / candidate <= 10) ?? 7200;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, at) => at * step);
}

function seconds(bar: Bar): string {
  return `from ${inSeconds(bar.startMs)} s to ${inSeconds(bar.endMs)} s`;
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function shortened(path: string): string {
  return path.length <= 22 ? path : `…${path.slice(-21)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
