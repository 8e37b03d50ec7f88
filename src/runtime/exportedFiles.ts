/** @file What whoever copies an exported folder has to know of it: which files, checked how, and what runs them in a page. */

export { WASM_FILES } from './browser/ortModules.js';
export { missingFile, requireChecksum, requireSize } from './exportedFolder.js';
export { bytesOf, readManifest } from './loadModel.js';
export { chooseWeights } from './manifest.js';
export { localFolder } from './node/localFolder.js';
