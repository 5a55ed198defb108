import { timeOfDay } from './format.ts';
import type { EventView } from './view.ts';

/** What happened, the latest first. What a process printed is here too, and never reaches the ground. */
export function Events({ events }: { events: readonly EventView[] }) {
  if (events.length === 0) return <p class="none">Nothing has happened yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls has to be reachable by the keyboard.
    <ol class="events" tabIndex={0} aria-label="Events, the latest first">
      {events.map(({ number, atMs, severity, message }) => (
        <li key={number} class={severity}>
          <time dateTime={new Date(atMs).toISOString()}>{timeOfDay(atMs)}</time> {severity === 'debug' && 'printed: '}
          {message}
        </li>
      ))}
    </ol>
  );
}
