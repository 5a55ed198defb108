#!/usr/bin/env node
// The command starts from its TypeScript as it stands: what `npm ci` leaves can run, and there is no build that can be
// missing or stale.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
