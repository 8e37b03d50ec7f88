/** @file What a folder is that has no manifest, and the way on. */

import type { ExportedFolder } from './exportedFolder.js';
import { MANIFEST_FILE } from './manifest.js';

const MAX_CONFIG_BYTES = 1 << 20;

/** A sentence about a folder that is no exported model: a run, another program's export, or something else. */
export async function whyNoExport(folder: ExportedFolder): Promise<string> {
  const { name } = folder;
  const start = `${name} has no ${MANIFEST_FILE}, so it is no model that lxmert export onnx wrote`;
  const config = await configOf(folder);
  if (config === undefined) return `${start}. Name the folder that it wrote, or its URL.`;
  if (typeof config.task === 'string' && config.model_type === undefined)
    return `${start}: it is the folder of a run. Export it first: lxmert export onnx ${name} --out FOLDER`;
  if (typeof config.model_type !== 'string') return `${start}. Name the folder that it wrote, or its URL.`;
  if (config.model_type !== 'lxmert')
    return `${start}: its config.json is of a model of the type '${config.model_type.slice(0, 60)}'. Only LXMERT is run here.`;
  return `${start}, although its config.json is LXMERT's: another program wrote it. Export the model with lxmert: lxmert export onnx ${name} --out FOLDER`;
}

async function configOf(folder: ExportedFolder): Promise<Record<string, unknown> | undefined> {
  try {
    const bytes = await folder.read('config.json', MAX_CONFIG_BYTES);
    if (bytes === undefined) return undefined;
    return Object(JSON.parse(new TextDecoder().decode(bytes))) as Record<string, unknown>;
  } catch {
    // What cannot be read says nothing of what the folder is.
    return undefined;
  }
}
