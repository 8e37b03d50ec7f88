/** @file Which engines of ONNX Runtime there are here, and whether a model answers on the one that would be taken. */

import { messageOf } from '../../common/errors.js';
import type { EngineInfo } from '../engine.js';
import { Lxmert } from './lxmert.js';
import { createNodeEngine, NODE_ENGINES } from './nodeEngine.js';

export interface ExaminedEngine {
  readonly name: (typeof NODE_ENGINES)[number];
  /** Null where it is not there or does not load. */
  readonly info: EngineInfo | null;
  /** Why, as a sentence; null where it is there. */
  readonly problem: string | null;
}

/** Loads each engine. */
export async function examineEngines(): Promise<readonly ExaminedEngine[]> {
  const examined: ExaminedEngine[] = [];
  for (const name of NODE_ENGINES) {
    try {
      const { info } = await createNodeEngine({ engine: name });
      examined.push({ name, info, problem: null });
    } catch (error) {
      examined.push({ name, info: null, problem: messageOf(error) });
    }
  }
  return examined;
}

export interface ExaminedModel {
  /** What its manifest says of it. */
  readonly description: string | null;
  readonly precision: string | null;
  /** Why it cannot be loaded, as a sentence; null where every file is as it was exported. */
  readonly problem: string | null;
}

/** Loads an exported folder, which compares every file with its checksum. */
export async function examineModel(folder: string): Promise<ExaminedModel> {
  try {
    const lxmert = await Lxmert.load(folder);
    const { manifest, weights } = lxmert.model;
    await lxmert.dispose();
    return {
      description: manifest.description?.text ?? null,
      precision: weights.precision,
      problem: null,
    };
  } catch (error) {
    return { description: null, precision: null, problem: messageOf(error) };
  }
}
