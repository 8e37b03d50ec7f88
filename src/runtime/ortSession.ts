/** @file One graph in ONNX Runtime, whichever of its packages runs it. */

import type * as Ort from 'onnxruntime-web';
import type { EngineSession, EngineTensor, GraphFile } from './engine.js';

/** What is used of either package. */
export type OrtModule = Pick<typeof Ort, 'InferenceSession' | 'Tensor'>;

/**
 * @param inTurn runs work after what it was given before, where a package cannot do two things at once
 * @throws what ONNX Runtime throws for a graph that it cannot read or compute
 */
export async function ortSession(
  ort: OrtModule,
  { model, externalData }: GraphFile,
  options: Ort.InferenceSession.SessionOptions,
  inTurn: <T>(work: () => Promise<T>) => Promise<T> = (work) => work(),
): Promise<EngineSession> {
  // By its path a graph finds the file beside it by itself.
  const external =
    externalData === undefined || typeof model === 'string' ? {} : { externalData: [externalData] };
  const all = { graphOptimizationLevel: 'all', logSeverityLevel: 3, ...external, ...options } as const;
  const session = await inTurn(() =>
    typeof model === 'string'
      ? ort.InferenceSession.create(model, all)
      : ort.InferenceSession.create(model, all),
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
