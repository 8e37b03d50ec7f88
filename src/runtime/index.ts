/** @file `lxmert/runtime` in browsers and workers: answers from an exported model, without Node.js and without libtorch. */

export { Lxmert } from './browser/lxmert.js';
export { useWasmFiles, type WasmFileReader } from './browser/ortModules.js';
export * from './shared.js';
