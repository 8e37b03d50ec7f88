/**
 * @file LXMERT as a graph: embeddings, the three stacks, and the heads on [CLS]. What no output depends on is not written:
 * without attention maps the last cross-modality layer has its language side alone, and there its first word.
 */

import type { HeadDefinition, LxmertConfig } from '../model/index.js';
import { type Dimension, GraphBuilder, type OnnxGraph } from '../onnx/index.js';
import { FloatLayers, type LayerWriter } from './layerWriter.js';
import { type Attended, type AttentionRows, ModelNodes, type Parameters } from './modelNodes.js';

/** A model as its graph needs it. */
export interface GraphSource {
  readonly config: LxmertConfig;
  readonly parameters: Parameters;
  /** Each becomes an output. */
  readonly heads: readonly HeadDefinition[];
  readonly imagesPerExample: number;
  readonly attentions: boolean;
  readonly pooled: boolean;
}

/** The operators' version: the first that has GELU. */
const OPSET = 20;

/** What the reference adds to the scores of padding: its probability is then 0 in float32 and float16. */
const PADDING_SCORE = -10000;
/** Of the answer head (docs/how-it-works/reference-implementation.md). */
const HEAD_EPSILON = 1e-12;
/** Numbers of types in Cast (TensorProto.DataType). */
const CAST_CODES = { float32: 1, float16: 10 } as const;

/** The name of a head's logits. */
export function outputOfHead({ name }: Pick<HeadDefinition, 'name'>): string {
  if (name === 'answer') return 'logits';
  return `${name}_logits`;
}

/** Rows of a stream, and what is added to the scores of its padding. */
interface Stream {
  /** (B, n, H) */
  readonly rows: string;
  /** (B or 1, 1, 1, n) */
  readonly mask: string;
}

/** @returns the graph of a model; its weights are read when it is written, so the model must live until then */
export function lxmertGraph(source: GraphSource, writer: LayerWriter): OnnxGraph {
  return new LxmertGraph(source, writer).build();
}

class LxmertGraph {
  readonly #graph = new GraphBuilder('lxmert', OPSET);
  readonly #nodes: ModelNodes;
  /** In float32 whatever the precision. */
  readonly #exact: ModelNodes;
  /** The attention maps become outputs after the heads' logits. */
  readonly #maps: (() => void)[] = [];

  constructor(
    private readonly source: GraphSource,
    private readonly writer: LayerWriter,
  ) {
    const { parameters, config } = source;
    this.#nodes = new ModelNodes(this.#graph, writer, parameters, config.hiddenSize);
    this.#exact = new ModelNodes(this.#graph, new FloatLayers('float32'), parameters, config.hiddenSize);
  }

  build(): OnnxGraph {
    const { numLanguageLayers, numVisionLayers } = this.source.config;
    const words = this.#embedWords();
    const regions = this.#embedRegions();
    const sentences = this.#stack(words, 'layer', numLanguageLayers, 'language');
    const images = this.#stack(regions, 'r_layers', numVisionLayers, 'vision');
    const firstWords = this.#meet(this.#forEachImage(sentences), this.#forEachExample(images));
    this.#heads(firstWords);
    for (const give of this.#maps) give();
    return this.#graph.build();
  }

  #embedWords(): Stream {
    const graph = this.#graph;
    const { config } = this.source;
    const [inputIds, attentionMask, tokenTypeIds] = ['input_ids', 'attention_mask', 'token_type_ids'].map(
      (name) => graph.input(name, 'int64', ['batch', 'words']),
    ) as [string, string, string];
    const lookUp = (indices: string, table: string): string =>
      this.#nodes.lookUp(indices, `bert.embeddings.${table}`);
    const numWords = graph.node('Squeeze', [this.#sizes(inputIds, 1, 2)]);
    const positions = graph.node('Range', [graph.int(0), numWords, graph.int(1)]);
    const words = lookUp(inputIds, 'word_embeddings'); // (B, n, H)
    const places = lookUp(positions, 'position_embeddings'); // (n, H)
    const types = lookUp(tokenTypeIds, 'token_type_embeddings'); // (B, n, H)
    const sum = graph.node('Add', [graph.node('Add', [words, places]), types], {
      name: 'bert.embeddings.sum',
    });
    const rows = this.#nodes.layerNorm(sum, 'bert.embeddings.LayerNorm', config.layerNormEps);
    return { rows, mask: this.#paddingScores(attentionMask) };
  }

  /** (LN(features) + LN(boxes)) / 2 after a dense layer each; boxes in float32 as everywhere. */
  #embedRegions(): Stream {
    const graph = this.#graph;
    const { config, imagesPerExample } = this.source;
    const places = ['images', ...(imagesPerExample === 1 ? [] : [imagesPerExample]), 'regions'];
    const features = graph.input('visual_feats', 'float32', [...places, config.visualFeatureSize]);
    const boxes = graph.input('visual_pos', 'float32', [...places, config.visualBoxSize]);
    const mask = graph.input('visual_attention_mask', 'int64', places);
    const module = (name: string): string => `bert.encoder.visn_fc.${name}`;
    const project = (nodes: ModelNodes, input: string, dense: string, norm: string): string =>
      nodes.layerNorm(nodes.dense(input, module(dense)), module(norm), config.layerNormEps);
    const images = this.#typed(this.#asImages(features));
    const fromFeatures = project(this.#nodes, images, 'visn_fc', 'visn_layer_norm');
    const fromBoxes = this.#typed(project(this.#exact, this.#asImages(boxes), 'box_fc', 'box_layer_norm'));
    const sum = graph.node('Add', [fromFeatures, fromBoxes], { name: module('sum') });
    const half = graph.number(0.5, this.writer.type);
    return {
      rows: graph.node('Mul', [sum, half], { name: module('mean') }),
      mask: this.#paddingScores(this.#asImages(mask)),
    };
  }

  /** A stack of BERT layers. */
  #stack({ rows, mask }: Stream, name: string, count: number, output: 'language' | 'vision'): Stream {
    let hidden = rows;
    for (let i = 0; i < count; i++) {
      const module = `bert.encoder.${name}.${i}`;
      const { rows: attended, probabilities } = this.#selfAttention(
        { rows: hidden, mask },
        `${module}.attention.self`,
        `${module}.attention.output`,
      );
      this.#attentions(`${output}_attentions.${i}`, probabilities);
      hidden = this.#feedForward(attended, `${module}.intermediate`, `${module}.output`);
    }
    return { rows: hidden, mask };
  }

  /** The cross-modality layers. @returns the first word of each sentence, (B, 1, H) */
  #meet(sentences: Stream, images: Stream): string {
    const { numCrossLayers } = this.source.config;
    let words = sentences;
    let regions = images;
    for (let i = 0; i < numCrossLayers; i++) {
      const module = `bert.encoder.x_layers.${i}`;
      if (i + 1 === numCrossLayers) return this.#lastLayer(words, regions, module, i);
      const [forWords, forRegions] = this.#crossAttention(words, regions, module, i);
      words = { ...words, rows: this.#side({ ...words, rows: forWords }, module, 'lang') };
      regions = { ...regions, rows: this.#side({ ...regions, rows: forRegions }, module, 'visn') };
    }
    return this.#firstWords(words.rows);
  }

  /** Both directions share their weights, so the rows of both go through one product. */
  #crossAttention(words: Stream, regions: Stream, module: string, layer: number): [string, string] {
    const graph = this.#graph;
    const att = `${module}.visual_attention.att`;
    const both = graph.node('Concat', [words.rows, regions.rows], {
      name: `${module}.rows`,
      attributes: { axis: 1 },
    });
    const lengths = this.#lengths(words, regions);
    const [ofWords, ofRegions] = this.#projectBoth(both, lengths, att);
    const onRegions = this.#attend(
      { ...ofRegions, queries: ofWords.queries },
      regions.mask,
      `${att}.onRegions`,
    );
    const onWords = this.#attend({ ...ofWords, queries: ofRegions.queries }, words.mask, `${att}.onWords`);
    this.#attentions(`cross_encoder_attentions.${layer}`, onRegions.probabilities);
    this.#attentions(`cross_encoder_vision_attentions.${layer}`, onWords.probabilities);
    const contexts = graph.node('Concat', [onRegions.context, onWords.context], {
      name: `${att}.context`,
      attributes: { axis: 1 },
    });
    const output = this.#sublayerOutput(contexts, both, `${module}.visual_attention.output`);
    return this.#split(output, lengths, `${module}.attended`);
  }

  /** Query, key and value of both streams: both (B, n + regions, H) */
  #projectBoth(both: string, lengths: string, att: string): [AttentionRows, AttentionRows] {
    const projected = this.#nodes.joined(both, att, ['query', 'key', 'value']); // (B, n + regions, 3H)
    const [words, regions] = this.#split(projected, lengths, `${att}.projected`);
    return [this.#thirds(words), this.#thirds(regions)];
  }

  /** Of the last layer the first words alone: nothing reads the regions, and no other word's feed-forward. */
  #lastLayer(words: Stream, regions: Stream, module: string, layer: number): string {
    const att = `${module}.visual_attention.att`;
    const onRegions = this.source.attentions
      ? this.#lastMaps(words, regions, module, layer)
      : this.#attend(this.#project(words.rows, regions.rows, att), regions.mask, `${att}.onRegions`);
    const output = `${module}.visual_attention.output`;
    const attended = this.#sublayerOutput(onRegions.context, words.rows, output);
    const first = this.#firstWords(attended);
    const self = `${module}.lang_self_att.self`;
    const onWords = this.#attend(this.#project(first, attended, self), words.mask, self);
    const result = this.#sublayerOutput(onWords.context, first, `${module}.lang_self_att.output`);
    return this.#feedForward(result, `${module}.lang_inter`, `${module}.lang_output`);
  }

  /** What the last layer's first words need, and the maps of both directions, as of every other layer. */
  #lastMaps(words: Stream, regions: Stream, module: string, layer: number): Attended {
    const att = `${module}.visual_attention.att`;
    const both = this.#graph.node('Concat', [words.rows, regions.rows], { attributes: { axis: 1 } });
    const [ofWords, ofRegions] = this.#projectBoth(both, this.#lengths(words, regions), att);
    const onRegions = this.#attend(
      { ...ofRegions, queries: ofWords.queries },
      regions.mask,
      `${att}.onRegions`,
    );
    const { numAttentionHeads } = this.source.config;
    const onWords = { queries: ofRegions.queries, keys: ofWords.keys };
    this.#attentions(`cross_encoder_attentions.${layer}`, onRegions.probabilities);
    this.#attentions(
      `cross_encoder_vision_attentions.${layer}`,
      this.#nodes.probabilities(onWords, words.mask, numAttentionHeads, `${att}.onWords`),
    );
    return onRegions;
  }

  /** Self-attention and feed-forward of one side of a cross-modality layer. */
  #side(stream: Stream, module: string, side: 'lang' | 'visn'): string {
    const block = `${module}.${side}_self_att`;
    const { rows } = this.#selfAttention(stream, `${block}.self`, `${block}.output`);
    return this.#feedForward(rows, `${module}.${side}_inter`, `${module}.${side}_output`);
  }

  #selfAttention({ rows, mask }: Stream, self: string, output: string) {
    const projected = this.#thirds(this.#nodes.joined(rows, self, ['query', 'key', 'value']));
    const { context, probabilities } = this.#attend(projected, mask, self);
    return { rows: this.#sublayerOutput(context, rows, output), probabilities };
  }

  /** Queries of some rows, keys and values of others. */
  #project(asking: string, asked: string, module: string): AttentionRows {
    const queries = this.#nodes.dense(asking, `${module}.query`);
    const [keys, values] = this.#parts(this.#nodes.joined(asked, module, ['key', 'value']), 2) as [
      string,
      string,
    ];
    return { queries, keys, values };
  }

  #attend(rows: AttentionRows, mask: string, name: string): Attended {
    return this.#nodes.attention(rows, mask, this.source.config.numAttentionHeads, name);
  }

  #feedForward(rows: string, inner: string, output: string): string {
    return this.#sublayerOutput(this.#nodes.denseGelu(rows, `${inner}.dense`), rows, output);
  }

  #sublayerOutput(rows: string, residual: string, module: string): string {
    return this.#nodes.sublayerOutput(rows, residual, module, this.source.config.layerNormEps);
  }

  /** (B, n, 3H) -> query, key and value */
  #thirds(projected: string): AttentionRows {
    const [queries, keys, values] = this.#parts(projected, 3) as [string, string, string];
    return { queries, keys, values };
  }

  /** (B, n, count * H) -> (B, n, H) each */
  #parts(rows: string, count: number): readonly string[] {
    const outputs = Array.from({ length: count }, (_, i) => `${rows}.${i}`);
    const sizes = this.#graph.ints(outputs.map(() => this.source.config.hiddenSize));
    return this.#graph.nodeOf('Split', [rows, sizes], { outputs, attributes: { axis: -1 } });
  }

  /** Rows of words and of regions: (B, n + regions, size) -> (B, n, size), (B, regions, size) */
  #split(rows: string, lengths: string, name: string): [string, string] {
    const outputs = [`${name}.words`, `${name}.regions`] as [string, string];
    this.#graph.nodeOf('Split', [rows, lengths], { name, outputs, attributes: { axis: 1 } });
    return outputs;
  }

  #lengths(words: Stream, regions: Stream): string {
    const [numWords, numRegions] = [words, regions].map(({ rows }) => this.#sizes(rows, 1, 2)) as [
      string,
      string,
    ];
    return this.#graph.node('Concat', [numWords, numRegions], { attributes: { axis: 0 } });
  }

  /** (B, n, H) -> (B, 1, H) */
  #firstWords(rows: string): string {
    const graph = this.#graph;
    return graph.node('Slice', [rows, graph.ints([0]), graph.ints([1]), graph.ints([1])]);
  }

  /** A sentence about several images counts once for each: (B, n, H) -> (B * images, n, H) */
  #forEachImage(sentences: Stream): Stream {
    const { imagesPerExample } = this.source;
    if (imagesPerExample === 1) return sentences;
    const graph = this.#graph;
    const repeated = (value: string, rank: number): string => {
      const apart = graph.node('Unsqueeze', [value, graph.ints([1])]); // (B, 1, ...)
      const shape = graph.ints([1, imagesPerExample, ...Array<number>(rank - 1).fill(1)]);
      return this.#reshape(graph.node('Expand', [apart, shape]), [-1], value); // (B * images, ...)
    };
    return { rows: repeated(sentences.rows, 3), mask: repeated(sentences.mask, 4) };
  }

  /** Images that all examples share count once for each: (images, regions, H) -> (B, regions, H) */
  #forEachExample(images: Stream): Stream {
    const graph = this.#graph;
    const { imagesPerExample } = this.source;
    const batch = this.#sizes('input_ids', 0, 1);
    const repeated = (value: string, rank: number): string => {
      const isSingle = imagesPerExample === 1;
      // (images * imagesPerExample, ...) -> (images, imagesPerExample, ...)
      const apart = isSingle ? value : this.#reshape(value, [-1, imagesPerExample], value);
      const ones = graph.ints(Array<number>(isSingle ? rank - 1 : rank).fill(1));
      const shape = graph.node('Concat', [batch, ones], { attributes: { axis: 0 } });
      const expanded = graph.node('Expand', [apart, shape]);
      return isSingle ? expanded : this.#reshape(expanded, [-1], value);
    };
    return { rows: repeated(images.rows, 3), mask: repeated(images.mask, 4) };
  }

  /** The images of examples one after another: (images, imagesPerExample, ...) -> (all images, ...) */
  #asImages(input: string): string {
    if (this.source.imagesPerExample === 1) return input;
    const rest = this.#graph.node('Shape', [input], { attributes: { start: 2 } });
    const shape = this.#graph.node('Concat', [this.#graph.ints([-1]), rest], { attributes: { axis: 0 } });
    return this.#graph.node('Reshape', [input, shape]);
  }

  /** To `leading` sizes, and then those of `like` after its first. */
  #reshape(value: string, leading: readonly number[], like: string): string {
    const rest = this.#graph.node('Shape', [like], { attributes: { start: 1 } });
    const shape = this.#graph.node('Concat', [this.#graph.ints(leading), rest], { attributes: { axis: 0 } });
    return this.#graph.node('Reshape', [value, shape]);
  }

  #sizes(value: string, start: number, end: number): string {
    return this.#graph.node('Shape', [value], { attributes: { start, end } });
  }

  /** mask (rows, n) int64, 1 for what counts -> (rows, 1, 1, n): what is added to scores */
  #paddingScores(mask: string): string {
    const graph = this.#graph;
    const { type } = this.writer;
    const counts = graph.node('Cast', [mask], { attributes: { to: CAST_CODES[type] } });
    const isPadding = graph.node('Sub', [graph.number(1, type), counts]);
    const scores = graph.node('Mul', [isPadding, graph.number(PADDING_SCORE, type)]);
    return graph.node('Unsqueeze', [scores, graph.ints([1, 2])]);
  }

  /** float32 -> the type between layers */
  #typed(value: string): string {
    const { type } = this.writer;
    return type === 'float32'
      ? value
      : this.#graph.node('Cast', [value], { attributes: { to: CAST_CODES[type] } });
  }

  #heads(firstWords: string): void {
    const graph = this.#graph;
    const { config, heads, imagesPerExample, pooled: wantsPooled } = this.source;
    const { hiddenSize } = config;
    const dense = this.#nodes.dense(firstWords, 'bert.pooler.dense');
    // (B * images, 1, H) -> (B, images * H)
    const joined = graph.node('Reshape', [dense, graph.ints([-1, imagesPerExample * hiddenSize])]);
    const pooled = graph.node('Tanh', [joined], { name: 'bert.pooler' });
    for (const head of heads) this.#give(outputOfHead(head), this.#head(pooled, head), ['batch', head.size]);
    if (wantsPooled) this.#give('pooled_output', pooled, ['batch', imagesPerExample * hiddenSize]);
  }

  #head(pooled: string, { form, prefix }: HeadDefinition): string {
    if (form === 'linear') return this.#nodes.dense(pooled, prefix);
    const inner = this.#nodes.denseGelu(pooled, `${prefix}.logit_fc.0`);
    const normed = this.#nodes.layerNorm(inner, `${prefix}.logit_fc.2`, HEAD_EPSILON);
    return this.#nodes.dense(normed, `${prefix}.logit_fc.3`);
  }

  #attentions(name: string, probabilities: string): void {
    if (!this.source.attentions) return;
    const { imagesPerExample, config } = this.source;
    const examples = imagesPerExample === 1 ? 'batch' : 'sentence_images';
    const kinds: Record<string, readonly [string, string, string]> = {
      language_attentions: ['batch', 'words', 'words'],
      vision_attentions: [imagesPerExample === 1 ? 'images' : 'all_images', 'regions', 'regions'],
      cross_encoder_attentions: [examples, 'words', 'regions'],
      cross_encoder_vision_attentions: [examples, 'regions', 'words'],
    };
    const [first, queries, keys] = kinds[name.replace(/\.\d+$/, '')] as readonly [string, string, string];
    this.#maps.push(() => this.#give(name, probabilities, [first, config.numAttentionHeads, queries, keys]));
  }

  /** Makes a value an output, in float32. */
  #give(name: string, value: string, dims: readonly Dimension[]): void {
    const outputs = [name];
    if (this.writer.type === 'float32') this.#graph.node('Identity', [value], { outputs });
    else this.#graph.node('Cast', [value], { outputs, attributes: { to: CAST_CODES.float32 } });
    this.#graph.output(name, 'float32', dims);
  }
}
