/** The bundle of a worker thread as text; made by the build (scripts/build/bundle.ts). */
declare module '*?source' {
  const source: string;
  export default source;
}
