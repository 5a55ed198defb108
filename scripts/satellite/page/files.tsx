import { formatBytes } from '../../../shared/quantity.ts';
import type { DeskView, SatelliteView } from './view.ts';

/** What lies in the outboxes at this moment. */
export function Outboxes({ satellite }: { satellite: SatelliteView }) {
  return (
    <div class="grid">
      {satellite.payloads.map(({ name, isOn, outbox }) => (
        <section key={name} aria-label={`Outbox of ${name}`}>
          <h3>
            {name} <small class={isOn ? 'on' : 'off'}>{isOn ? 'on' : 'off'}</small>
          </h3>
          {outbox.length === 0 && <p class="none">The outbox is empty.</p>}
          <ul class="files">
            {outbox.map((file) => (
              <li key={file.name}>
                <code>{file.name}</code> <span>{formatBytes(file.sizeBytes)}</span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** What is on its way up and down. */
export function OnTheWay({ view, satelliteId }: { view: DeskView; satelliteId: string }) {
  const up = view.uploads
    .filter((upload) => upload.satelliteId === satelliteId)
    .map(({ id, destination, payload, sentBytes, sizeBytes, status }) => ({
      key: id,
      what: `${destination} to ${payload}: ${status}`,
      sentBytes,
      sizeBytes,
    }));
  const down = view.downloads
    .filter((download) => download.satelliteId === satelliteId)
    .map(({ name, sentBytes, sizeBytes }, n) => ({ key: `${n}`, what: `${name} to the ground`, sentBytes, sizeBytes }));
  if (up.length + down.length === 0) return <p class="none">Nothing is on its way.</p>;
  return (
    <ul class="files">
      {[...up, ...down].map(({ key, what, sentBytes, sizeBytes }) => (
        <li key={key}>
          <label>
            {what}
            <progress value={sentBytes} max={sizeBytes || 1} />
          </label>
          <span>{formatBytes(sizeBytes)}</span>
        </li>
      ))}
    </ul>
  );
}

/** What has arrived in the bucket. */
export function Objects({ view, satelliteId }: { view: DeskView; satelliteId: string }) {
  const objects = view.objects.filter((object) => object.satelliteId === satelliteId);
  if (objects.length === 0) return <p class="none">Nothing has been delivered yet.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Object in {view.downlink}</th>
          <th scope="col">Size</th>
        </tr>
      </thead>
      <tbody>
        {objects.map(({ key, sizeBytes }) => (
          <tr key={key}>
            <td>
              <a href={`/desk/object?key=${encodeURIComponent(key)}`} download>
                {key.slice(key.indexOf(`${satelliteId}/downlink/`))}
              </a>
            </td>
            <td>{formatBytes(sizeBytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
