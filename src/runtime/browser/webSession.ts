/** @file One graph in onnxruntime-web. */

import type { EngineSession, GraphFile } from '../engine.js';
import { ortSession } from '../ortSession.js';
import type { LoadedOrt } from './ortModules.js';

/** @throws what onnxruntime-web throws for a graph that it cannot read or compute */
export async function webSession(
  { ort, device, inTurn }: LoadedOrt,
  file: GraphFile,
): Promise<EngineSession> {
  return await ortSession(ort, file, { executionProviders: [device] }, inTurn);
}
