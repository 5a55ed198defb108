import { serveEvents } from '../../shared/event.ts';
import { readCommandLine } from '../common/command-line.ts';
import { Recorder } from '../common/recorder.ts';

const args = readCommandLine('payload-serve', process.argv.slice(2), (parser) =>
  parser.command('$0 [port]', 'x').option('bind', { type: 'string' }),
);
const recorder = new Recorder(serveEvents, console.log, null, 65536);
recorder.emit({ event: 'OutboxAbsent', outbox: String(args.bind) });
