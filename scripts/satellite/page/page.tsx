import { render } from 'preact';
import { useState } from 'preact/hooks';
import { Events } from './events.tsx';
import { useFeed } from './feed.ts';
import { Objects, OnTheWay, Outboxes } from './files.tsx';
import { dateAndTime } from './format.ts';
import { FaultForm, TutorialForm } from './forms.tsx';
import { Rates } from './rates.tsx';
import { Timeline } from './timeline.tsx';
import type { DeskView } from './view.ts';

function Page() {
  const { view, live } = useFeed();
  const [chosen, setChosen] = useState('FM1');
  if (view === null) return <main class="container">{live ? '' : 'Waiting for the satellite.'}</main>;
  const satellite = view.satellites.find(({ id }) => id === chosen) ?? view.satellites[0];
  if (satellite === undefined) return null;
  const windows = view.windows.filter(({ satelliteId }) => satelliteId === satellite.id);
  const events = view.events.filter(({ satelliteId }) => satelliteId === satellite.id);
  return (
    <>
      <Header view={view} live={live} chosen={satellite.id} choose={setChosen} />
      <main class="container">
        <article>
          <h2>Windows</h2>
          <Timeline windows={windows} payloads={satellite.payloads.map(({ name }) => name)} nowMs={view.nowMs} />
        </article>
        <div class="columns">
          <div>
            <article>
              <h2>Transfer</h2>
              <Rates satellite={satellite} />
            </article>
            <article>
              <h2>Outboxes</h2>
              <Outboxes satellite={satellite} />
              <h3>On the way</h3>
              <OnTheWay view={view} satelliteId={satellite.id} />
            </article>
            <article>
              <h2>Delivered</h2>
              <Objects view={view} satelliteId={satellite.id} />
            </article>
          </div>
          <div>
            <article>
              <h2>Schedule</h2>
              <TutorialForm satelliteId={satellite.id} />
              <details>
                <summary>Have something go wrong</summary>
                <FaultForm view={view} satelliteId={satellite.id} />
              </details>
            </article>
            <article>
              <h2>Events</h2>
              <Events events={events} />
            </article>
          </div>
        </div>
      </main>
    </>
  );
}

function Header(props: { view: DeskView; live: boolean; chosen: string; choose: (id: string) => void }) {
  const { view, live } = props;
  const pace = view.rate === 1 ? 'real time' : `${view.rate} times real time, until something happens`;
  return (
    <header class="container">
      <hgroup>
        <h1>A satellite on your desk</h1>
        <p>
          <time dateTime={new Date(view.nowMs).toISOString()}>{dateAndTime(view.nowMs)}</time>, {pace}
        </p>
      </hgroup>
      <label>
        Satellite
        <select value={props.chosen} onChange={(event) => props.choose(event.currentTarget.value)}>
          {view.satellites.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <p role="status" class={live ? 'live' : 'problem'}>
        {live ? 'live' : 'The satellite does not answer.'}
      </p>
    </header>
  );
}

render(<Page />, document.body);
