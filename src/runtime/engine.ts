/** @file What runs graphs: one interface over onnxruntime-node and onnxruntime-web. */

/** Numbers with a shape, row-major. */
export type EngineTensor =
  | { readonly type: 'float32'; readonly data: Float32Array; readonly dims: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly dims: readonly number[] };

/** What computes, for a person and for a program. */
export interface EngineInfo {
  /** The package, such as `onnxruntime-node`. */
  readonly name: string;
  readonly version: string;
  /** Such as `cpu`, `webgpu` or `wasm`. */
  readonly device: string;
  readonly numThreads: number;
  /** Why this one and not another, as a sentence. */
  readonly reason: string;
}

/** A graph's file, as bytes or as a path where the engine reads paths. */
export interface GraphFile {
  readonly model: Uint8Array | string;
  /** The file that the graph's larger tensors lie in, by the name that the graph calls it; by path the engine finds it itself. */
  readonly externalData?: { readonly path: string; readonly data: Uint8Array | string } | undefined;
}

/** A graph that is ready to run. */
export interface EngineSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @returns the outputs asked for, by name */
  run(
    feeds: Readonly<Record<string, EngineTensor>>,
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, EngineTensor>>>;
  /** Frees the weights. */
  dispose(): Promise<void>;
}

export interface Engine {
  readonly info: EngineInfo;
  /** Whether graphs are read from paths, so that large files need not lie in memory twice. */
  readonly readsPaths: boolean;
  /** @throws whatever the engine says of a file that it cannot read; the caller makes a sentence of it */
  createSession(file: GraphFile): Promise<EngineSession>;
}
