/** @file `lxmert/runtime` in Node.js: answers from an exported model, without libtorch. */

export { Lxmert } from './node/lxmert.js';
export * from './shared.js';
