/** @file By what an exported folder is known: the manifest in it. */

/** The manifest's name in the folder. */
export const MANIFEST_FILE = 'lxmert.json';
/** What its `format` says. */
export const MANIFEST_FORMAT = 'lxmert-onnx';
