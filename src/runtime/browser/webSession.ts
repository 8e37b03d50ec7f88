/** @file One graph in onnxruntime-web. */

import type * as Ort from 'onnxruntime-web';
import type { EngineSession, EngineTensor, GraphFile } from '../engine.js';
import type { LoadedOrt } from './ortModules.js';

/** @throws what onnxruntime-web throws for a graph that it cannot read or compute */
export async function webSession(
  { ort, device, inTurn }: LoadedOrt,
  file: GraphFile,
): Promise<EngineSession> {
  const { model, externalData } = file;
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: [device],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(externalData === undefined ? {} : { externalData: [externalData] }),
  };
  const session = await inTurn(() =>
    typeof model === 'string'
      ? ort.InferenceSession.create(model, options)
      : ort.InferenceSession.create(model, options),
  );
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, outputs) {
      const tensors: Record<string, Ort.Tensor> = {};
      for (const [name, { type, data, dims }] of Object.entries(feeds)) {
        tensors[name] = new ort.Tensor(type, data, dims);
      }
      const found = await inTurn(() => session.run(tensors, outputs));
      return Object.fromEntries(outputs.map((name) => [name, engineTensor(name, found[name])]));
    },
    dispose: () => inTurn(() => session.release()),
  };
}

function engineTensor(name: string, tensor: Ort.Tensor | undefined): EngineTensor {
  if (tensor === undefined) throw new Error(`The graph gave no ${name}`);
  const { type, data, dims } = tensor;
  if (type === 'float32') return { type, data: data as Float32Array, dims };
  if (type === 'int64') return { type, data: data as BigInt64Array, dims };
  throw new Error(`The graph gave ${name} as ${type}; float32 or int64 was expected`);
}
