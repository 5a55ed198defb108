/** A part of undici that its package has no types for under this path: importing the whole would bring all of it on board. */
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
