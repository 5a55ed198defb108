import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatBytes } from '../../../shared/quantity.ts';
import type { SatelliteView } from './view.ts';

/** Two minutes, at two views a second. */
const KEPT = 240;

/** A smoothing over views that come at uneven times: a rate is taken over no less than this. */
const SPAN_MS = 900;

interface Sample {
  readonly atMs: number;
  readonly bytes: readonly number[];
}

/** Live transfer rates, one line for each payload's link. The chart is for the eye; the table says the same in words. */
export function Rates({ satellite }: { satellite: SatelliteView }) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const samples = useRef<Sample[]>([]);
  const names = satellite.payloads.map(({ name }) => name).join();

  useEffect(() => {
    if (frame.current === null) return;
    samples.current = [];
    const plot = newChart(frame.current, names.split(','));
    chart.current = plot;
    const resize = new ResizeObserver(([entry]) =>
      plot.setSize({ width: entry?.contentRect.width ?? 400, height: 180 }),
    );
    resize.observe(frame.current);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [satellite.id, names]);

  useEffect(() => {
    samples.current.push({ atMs: performance.now(), bytes: satellite.payloads.map((p) => p.sentBytes) });
    samples.current = samples.current.slice(-KEPT);
    chart.current?.setData(seriesOf(samples.current));
  }, [satellite]);

  const now = seriesOf(samples.current);
  return (
    <>
      <div ref={frame} class="chart" aria-hidden="true" />
      <table>
        <caption>Sent over the link</caption>
        <thead>
          <tr>
            <th scope="col">Payload</th>
            <th scope="col">Now</th>
            <th scope="col">In this window</th>
          </tr>
        </thead>
        <tbody>
          {satellite.payloads.map((payload, index) => (
            <tr key={payload.name}>
              <th scope="row">{payload.name}</th>
              <td>{formatBytes(Math.round(now[index + 1]?.at(-1) ?? 0))}/s</td>
              <td>{payload.isOn ? formatBytes(payload.sentBytes) : 'off'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Seconds before now, and for each payload the bytes a second. */
function seriesOf(samples: readonly Sample[]): uPlot.AlignedData & number[][] {
  const lastMs = samples.at(-1)?.atMs ?? 0;
  const seconds = samples.map(({ atMs }) => (atMs - lastMs) / 1000);
  const rates = (samples[0]?.bytes ?? []).map((_, payload) =>
    samples.map((sample, n) => {
      const before = samples.slice(0, n).findLast(({ atMs }) => sample.atMs - atMs >= SPAN_MS) ?? samples[0] ?? sample;
      const bytes = (sample.bytes[payload] ?? 0) - (before.bytes[payload] ?? 0);
      // A counter that went back belongs to a new window.
      return bytes <= 0 || sample.atMs === before.atMs ? 0 : (bytes / (sample.atMs - before.atMs)) * 1000;
    }),
  );
  return [seconds, ...rates];
}

function newChart(frame: HTMLElement, names: readonly string[]): uPlot {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: () => colour('--pico-muted-color'),
    grid: { stroke: () => colour('--pico-muted-border-color') },
  };
  return new uPlot(
    {
      width: frame.clientWidth || 400,
      height: 180,
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(1024, max * 1.1)] } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} s`) },
        // In steps that are round in KiB and MiB.
        {
          ...axis,
          size: 80,
          incrs: Array.from({ length: 40 }, (_, n) => 2 ** n),
          values: (_, ticks) => ticks.map((tick) => `${formatBytes(tick)}/s`),
        },
      ],
      series: [
        {},
        ...names.map((label, n) => ({ label, stroke: () => colour(n === 0 ? '--first' : '--second'), width: 2 })),
      ],
    },
    [[], ...names.map(() => [])],
    frame,
  );
}
