import type { ComponentChildren, TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { order } from './feed.ts';
import type { DeskView, TutorialOrder } from './view.ts';

/** A form that sends an order and says what came of it. */
function OrderForm(props: {
  label: string;
  path: string;
  read: (data: FormData) => unknown;
  done: string;
  children: ComponentChildren;
}) {
  const [answer, setAnswer] = useState<{ text: string; good: boolean } | null>(null);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const problem = await order(props.path, props.read(new FormData(event.currentTarget)));
    setAnswer({ text: problem ?? props.done, good: problem === null });
  };
  return (
    <form onSubmit={submit} aria-label={props.label}>
      {props.children}
      <button type="submit">{props.label}</button>
      <p role="status" class={answer?.good === false ? 'problem' : 'done'}>
        {answer?.text}
      </p>
    </form>
  );
}

/** Schedules the tutorial: a server on the SDR, and 30 s later a client on SABERTOOTH that fetches a file from it. */
export function TutorialForm({ satelliteId }: { satelliteId: string }) {
  const read = (data: FormData): TutorialOrder => ({
    satellite_id: satelliteId,
    with: data.get('with') === 'tools' ? 'tools' : 'agents',
    source: String(data.get('source')),
    output: String(data.get('output')),
    duration: Number(data.get('duration')),
    offset: Number(data.get('offset')),
  });
  return (
    <OrderForm label="Schedule the tutorial" path="tutorial" read={read} done="Both windows are booked.">
      <label>
        Run
        <select name="with">
          <option value="agents">payload-serve and payload-fetch</option>
          <option value="tools">python3 and curl, as the tutorial has it</option>
        </select>
      </label>
      <label>
        File on the SDR
        <input name="source" defaultValue="/var/log/syslog" required pattern="/.*" spellcheck={false} />
      </label>
      <label>
        Name in the outbox
        <input name="output" defaultValue="sdr_syslog" required pattern="[^\/]+" spellcheck={false} />
      </label>
      <div class="grid">
        <label>
          Seconds each
          <input name="duration" type="number" min="1" max="3600" defaultValue="60" required />
        </label>
        <label>
          Seconds apart
          <input name="offset" type="number" min="0" max="3600" defaultValue="30" required />
        </label>
      </div>
    </OrderForm>
  );
}

/** Orders something to go wrong in the next window. */
export function FaultForm({ view, satelliteId }: { view: DeskView; satelliteId: string }) {
  const [kind, setKind] = useState(view.faultKinds[0]?.kind ?? '');
  const chosen = view.faultKinds.find((fault) => fault.kind === kind);
  const payloads = view.satellites.find(({ id }) => id === satelliteId)?.payloads ?? [];
  const ordered = view.faults.filter((fault) => fault.satelliteId === satelliteId);
  const read = (data: FormData): unknown => ({
    satellite_id: satelliteId,
    payload: data.get('payload'),
    kind,
    ...(chosen?.amount ? { amount: Number(data.get('amount')) } : {}),
  });
  return (
    <>
      <OrderForm label="Order the fault" path="fault" read={read} done="It is ordered.">
        <label>
          What goes wrong
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)} aria-describedby="fault-does">
            {view.faultKinds.map((fault) => (
              <option key={fault.kind}>{fault.kind}</option>
            ))}
          </select>
        </label>
        <p id="fault-does">
          <small>{chosen?.does}.</small>
        </p>
        <div class="grid">
          <label>
            Payload
            <select name="payload">
              {payloads.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          {chosen?.amount && (
            <label>
              In {chosen.amount}
              <input name="amount" type="number" step="any" defaultValue="5" required />
            </label>
          )}
        </div>
      </OrderForm>
      {ordered.length > 0 && (
        <>
          <ul>
            {ordered.map(({ payload, kind: what, amount }, n) => (
              <li key={`${n} ${what}`}>
                {payload}: {what}
                {amount === null ? '' : ` ${amount}`}
              </li>
            ))}
          </ul>
          <button type="button" class="secondary" onClick={() => order('no-faults', {})}>
            Take all orders back
          </button>
        </>
      )}
    </>
  );
}
