import type { CSSProperties } from 'preact';
import { axisOf } from './axis.ts';
import { timeOfDay } from './format.ts';
import type { WindowView } from './view.ts';

const TICKS = 6;

/** Windows on a time axis, one row for each payload, with their overlap. */
export function Timeline(props: { windows: readonly WindowView[]; payloads: readonly string[]; nowMs: number }) {
  const axis = axisOf(props.windows);
  if (axis === null) return <p>No windows yet: schedule the tutorial, or post some to the Tasking API.</p>;
  const { startMs, endMs } = axis;
  const at = (ms: number): number => ((ms - startMs) / (endMs - startMs)) * 100;
  const span = (from: number, to: number): CSSProperties => ({
    left: `${at(from)}%`,
    width: `${at(to) - at(from)}%`,
  });
  const ticks = Array.from({ length: TICKS }, (_, n) => startMs + ((n + 0.5) / TICKS) * (endMs - startMs));
  const isNowShown = props.nowMs >= startMs && props.nowMs <= endMs;
  return (
    <div class="timeline">
      {props.payloads.map((payload) => (
        <div class="lane" key={payload}>
          <h3>{payload}</h3>
          <ul>
            {axis.windows
              .filter((window) => window.payload === payload)
              .map((window) => (
                <li key={window.id} class={`bar ${window.phase}`} style={span(window.startMs, window.endMs)}>
                  <strong>{window.id}</strong> <span>{describe(window)}</span>
                </li>
              ))}
          </ul>
        </div>
      ))}
      <div class="marks">
        {axis.overlaps.map((overlap) => (
          <div class="overlap" key={overlap.startMs} style={span(overlap.startMs, overlap.endMs)}>
            <span>{Math.round((overlap.endMs - overlap.startMs) / 1000)} s overlap</span>
          </div>
        ))}
        {isNowShown && <div class="now" style={{ left: `${at(props.nowMs)}%` }} aria-hidden="true" />}
      </div>
      <div class="ticks" aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${at(tick)}%` }}>
            {timeOfDay(tick)}
          </span>
        ))}
      </div>
    </div>
  );
}

function describe(window: WindowView): string {
  const times = `${timeOfDay(window.startMs)} to ${timeOfDay(window.endMs)}`;
  if (window.phase === 'waiting') return `${window.state}, ${times}`;
  if (window.phase === 'missed') return `missed, ${times}`;
  return `${window.phase}${window.outcome === null ? '' : `, ${window.outcome}`}, ${times}`;
}
