/** @file Makes an ONNX graph node by node; what its weights are is asked for only when they are written. */

import { create } from '@bufbuild/protobuf';
import { float32ToFloat16 } from '../formats/float16.js';
import { dataTypeOf, type ElementType, elementBytes } from './elementType.js';
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './schema/onnx_pb.js';

/** A size, or the name of one that is known only when the graph runs. */
export type Dimension = number | string;

/** A weight: its form now, its values later. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** The values in memory's order, row after row, little-endian; asked for once. */
  readonly bytes: () => Uint8Array;
}

/** A number that the operator's definition calls a float: 1 alone would be an int. */
export interface FloatAttribute {
  readonly float: number;
}

/** Whole numbers are ints, texts strings, and lists of whole numbers ints. */
export type Attributes = Readonly<Record<string, number | string | readonly number[] | FloatAttribute>>;

export interface NodeOptions {
  readonly attributes?: Attributes;
  /** In messages and viewers. Default: the operator and a number. */
  readonly name?: string;
  /** Names of the results. Default: one, with the node's name. An empty name leaves a result out. */
  readonly outputs?: readonly string[];
}

/** A graph that can be written. */
export interface OnnxGraph {
  /** Everything but the initializers. */
  readonly graph: GraphProto;
  readonly initializers: readonly Initializer[];
  readonly opset: number;
}

/**
 * ```ts
 * const graph = new GraphBuilder('sum', 20);
 * const x = graph.input('x', 'float32', ['batch', 4]);
 * const bias = graph.initializer({ name: 'bias', type: 'float32', dims: [4], bytes: () => bytes });
 * graph.output(graph.node('Add', [x, bias], { outputs: ['y'] }), 'float32', ['batch', 4]);
 * await writeModel('sum.onnx', graph.build());
 * ```
 */
export class GraphBuilder {
  readonly #graph: GraphProto;
  readonly #initializers = new Map<string, Initializer>();
  readonly #names = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** @param opset version of the standard operators (domain ai.onnx) */
  constructor(
    name: string,
    readonly opset: number,
  ) {
    this.#graph = create(GraphProtoSchema, { name });
  }

  /** @returns the name */
  input(name: string, type: ElementType, dims: readonly Dimension[]): string {
    this.#graph.input.push(valueInfo(this.#take(name), type, dims));
    return name;
  }

  /** Makes a value that a node gave one of the graph's results. */
  output(name: string, type: ElementType, dims: readonly Dimension[]): void {
    if (!this.#names.has(name)) throw new RangeError(`No node gives '${name}'.`);
    this.#graph.output.push(valueInfo(name, type, dims));
  }

  /** @returns its name */
  initializer(initializer: Initializer): string {
    this.#initializers.set(this.#take(initializer.name), initializer);
    return initializer.name;
  }

  /** Whole numbers that operators take as an input, such as a shape; equal ones are one value. */
  ints(values: readonly number[]): string {
    const name = `ints.${values.join('_')}`;
    if (this.#initializers.has(name)) return name;
    const bytes = () => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.initializer({ name, type: 'int64', dims: [values.length], bytes });
  }

  /** Lists of numbers one behind the other, such as a shape of which some sizes are known only when the graph runs. */
  concat(lists: readonly string[]): string {
    const name = `concat(${lists.join(',')})`;
    return this.#names.has(name) ? name : this.node('Concat', lists, { name, attributes: { axis: 0 } });
  }

  /** One int64 without dimensions, as Gather takes an index. */
  int(value: number): string {
    const name = `int.${value}`;
    if (this.#initializers.has(name)) return name;
    const bytes = () => new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    return this.initializer({ name, type: 'int64', dims: [], bytes });
  }

  /** One number without dimensions, as arithmetic takes it. */
  number(value: number, type: 'float32' | 'float16'): string {
    const name = `${type}.${value}`;
    if (this.#initializers.has(name)) return name;
    const wide = Float32Array.of(value);
    const half = new Uint16Array(1);
    if (type === 'float16' && float32ToFloat16(wide, half) >= 0)
      throw new RangeError(`float16 cannot hold ${value}.`);
    const bytes = () => new Uint8Array(type === 'float16' ? half.buffer : wide.buffer);
    return this.initializer({ name, type, dims: [], bytes });
  }

  /** Whether a value of this name is there. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Adds a node with one result. @returns the result's name */
  node(operator: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const [output] = this.nodeOf(operator, inputs, options);
    return output as string;
  }

  /** Adds a node with the results that `options.outputs` names. @param inputs '' for one that is left out */
  nodeOf(operator: string, inputs: readonly string[], options: NodeOptions): readonly string[] {
    for (const name of inputs) {
      if (name !== '' && !this.#names.has(name))
        throw new RangeError(`${operator} reads '${name}', which nothing gives.`);
    }
    const name = options.name ?? this.#unusedName(operator);
    const outputs = options.outputs ?? [name];
    for (const output of outputs) if (output !== '') this.#take(output);
    const attribute = Object.entries(options.attributes ?? {}).map(([key, value]) => attributeOf(key, value));
    this.#graph.node.push(
      create(NodeProtoSchema, {
        opType: operator,
        name,
        input: [...inputs],
        output: [...outputs],
        attribute,
      }),
    );
    return outputs;
  }

  build(): OnnxGraph {
    return { graph: this.#graph, initializers: [...this.#initializers.values()], opset: this.opset };
  }

  #take(name: string): string {
    if (this.#names.has(name)) throw new RangeError(`Two values are called '${name}'.`);
    this.#names.add(name);
    return name;
  }

  #unusedName(operator: string): string {
    const count = this.#counts.get(operator) ?? 0;
    this.#counts.set(operator, count + 1);
    return `${operator}.${count}`;
  }
}

/** Bytes that an initializer's values take. */
export function initializerBytes({ type, dims }: Pick<Initializer, 'type' | 'dims'>): number {
  return dims.reduce((product, dim) => product * dim, elementBytes(type));
}

/** Bytes of all weights of a graph. */
export function weightsBytes({ initializers }: Pick<OnnxGraph, 'initializers'>): number {
  return initializers.reduce((sum, each) => sum + initializerBytes(each), 0);
}

function valueInfo(name: string, type: ElementType, dims: readonly Dimension[]): ValueInfoProto {
  const dim = dims.map((size) => ({
    value:
      typeof size === 'string'
        ? { case: 'dimParam' as const, value: size }
        : { case: 'dimValue' as const, value: BigInt(size) },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: dataTypeOf(type), shape: { dim } } } },
  });
}

function attributeOf(name: string, value: Attributes[string]): AttributeProto {
  const { INT, INTS, FLOAT, STRING } = AttributeProto_AttributeType;
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value) });
  }
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}
