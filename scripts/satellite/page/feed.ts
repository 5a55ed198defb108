import { useEffect, useState } from 'preact/hooks';
import type { DeskView } from './view.ts';

/** The satellite's last word, and whether it is still talking. */
export interface Feed {
  readonly view: DeskView | null;
  readonly live: boolean;
}

/** Follows the satellite; the browser connects again by itself when it comes back. */
export function useFeed(): Feed {
  const [feed, setFeed] = useState<Feed>({ view: null, live: false });
  useEffect(() => {
    const source = new EventSource('/desk/events');
    source.addEventListener('view', (event) => setFeed({ view: JSON.parse(event.data), live: true }));
    source.addEventListener('error', () => setFeed(({ view }) => ({ view, live: false })));
    return () => source.close();
  }, []);
  return feed;
}

/** Asks for something to happen; resolves with `null`, or with the sentence that says why not. */
export async function order(path: string, body: unknown): Promise<string | null> {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`/desk/orders/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.ok) return null;
    const { error } = await response.json();
    return String(error.message);
  } catch {
    return 'The satellite does not answer: does npm run satellite still run?';
  }
}
