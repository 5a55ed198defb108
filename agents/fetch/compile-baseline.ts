import { setFlagsFromString } from 'node:v8';

declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

/**
 * Compiles WebAssembly, at once and for good, with V8's baseline compiler. The build has undici use it in place of
 * `WebAssembly.compile`: for the few headers that its parser reads here, the optimizing compiler would work for 70 ms
 * and more beside the start of the transfer, in 25 MiB of memory.
 */
export function compileBaseline(bytes: Uint8Array): object {
  setFlagsFromString('--liftoff-only');
  // Newer versions of V8 would put the work off until the flags are as they were.
  setFlagsFromString('--no-wasm-lazy-compilation');
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    // The first flag switched off the second of these. V8 takes no cached code under other flags than it was made with.
    setFlagsFromString('--no-liftoff-only');
    setFlagsFromString('--wasm-tier-up');
  }
}
