/**
 * @file LXMERT as a graph: embeddings, the three stacks, and the heads on [CLS]. What no output depends on is not written:
 * without attention maps the last cross-modality layer has its language side alone, and there its first word.
 */

import type { HeadDefinition, LxmertConfig } from '../model/index.js';
import { type Dimension, GraphBuilder, type OnnxGraph } from '../onnx/index.js';
import { ExactLayers, type LayerWriter } from './layerWriter.js';
import { type Attended, type AttentionHeads, ModelNodes, type Parameters } from './modelNodes.js';

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
const QUERY_KEY_VALUE = ['query', 'key', 'value'];
/** Numbers of types in Cast (TensorProto.DataType). */
const CAST_CODES = { float32: 1, float16: 10 } as const;

/** The name of a head's logits. */
export function outputOfHead({ name }: Pick<HeadDefinition, 'name'>): string {
  if (name === 'answer') return 'logits';
  return `${name}_logits`;
}

/** A stream's sequences, one below the other. */
interface Stream {
  /** (B * n, H) */
  readonly rows: string;
  /** What is added to scores: (B, 1, 1, n), 0 where a row counts. */
  readonly mask: string;
  /** A list of one number: B. */
  readonly batch: string;
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
    this.#nodes = new ModelNodes(this.#graph, writer, parameters, config);
    this.#exact = new ModelNodes(this.#graph, new ExactLayers(), parameters, config);
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
    const { layerNormEps } = this.source.config;
    const [inputIds, attentionMask, tokenTypeIds] = ['input_ids', 'attention_mask', 'token_type_ids'].map(
      (name) => graph.input(name, 'int64', ['batch', 'words']),
    ) as [string, string, string];
    const lookUp = (indices: string, table: string): string =>
      this.#nodes.lookUp(indices, `bert.embeddings.${table}`);
    const numWords = graph.node('Squeeze', [this.#size(inputIds, 1)]);
    const positions = graph.node('Range', [graph.int(0), numWords, graph.int(1)]);
    const words = lookUp(inputIds, 'word_embeddings'); // (B, n, H)
    const places = lookUp(positions, 'position_embeddings'); // (n, H)
    const types = lookUp(tokenTypeIds, 'token_type_embeddings'); // (B, n, H)
    const sum = graph.node('Add', [graph.node('Add', [words, places]), types], {
      name: 'bert.embeddings.sum',
    });
    const rows = this.#asRows(this.#nodes.layerNorm(sum, 'bert.embeddings.LayerNorm', layerNormEps));
    const batch = this.#size(inputIds, 0);
    return { rows, mask: this.#paddingScores(attentionMask, batch), batch };
  }

  /** (LN(features) + LN(boxes)) / 2 after a dense layer each; boxes in float32 as everywhere. */
  #embedRegions(): Stream {
    const graph = this.#graph;
    const { config, imagesPerExample } = this.source;
    const { visualFeatureSize, visualBoxSize, layerNormEps } = config;
    const places = ['images', ...(imagesPerExample === 1 ? [] : [imagesPerExample]), 'regions'];
    const features = graph.input('visual_feats', 'float32', [...places, visualFeatureSize]);
    const boxes = graph.input('visual_pos', 'float32', [...places, visualBoxSize]);
    const mask = graph.input('visual_attention_mask', 'int64', places);
    const module = (name: string): string => `bert.encoder.visn_fc.${name}`;
    const project = (nodes: ModelNodes, rows: string, dense: string, norm: string): string =>
      nodes.layerNorm(nodes.dense(rows, module(dense)), module(norm), layerNormEps);
    const featureRows = this.#typed(this.#asRows(features, visualFeatureSize));
    const fromFeatures = project(this.#nodes, featureRows, 'visn_fc', 'visn_layer_norm');
    const boxRows = this.#asRows(boxes, visualBoxSize);
    const fromBoxes = this.#typed(project(this.#exact, boxRows, 'box_fc', 'box_layer_norm'));
    const sum = graph.node('Add', [fromFeatures, fromBoxes], { name: module('sum') });
    const half = graph.number(0.5, this.writer.type);
    const batch = this.#times(this.#size(features, 0), imagesPerExample);
    return {
      rows: graph.node('Mul', [sum, half], { name: module('mean') }),
      mask: this.#paddingScores(mask, batch),
      batch,
    };
  }

  /** A stack of BERT layers. */
  #stack(stream: Stream, name: string, count: number, output: 'language' | 'vision'): Stream {
    let { rows } = stream;
    for (let i = 0; i < count; i++) {
      const module = `bert.encoder.${name}.${i}`;
      const block = `${module}.attention`;
      const attended = this.#selfAttention({ ...stream, rows }, `${block}.self`, `${block}.output`);
      this.#attentions(`${output}_attentions.${i}`, attended.probabilities);
      rows = this.#feedForward(attended.rows, `${module}.intermediate`, `${module}.output`);
    }
    return { ...stream, rows };
  }

  /** The cross-modality layers. @returns the first word of each sentence, (B, H) */
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
    return this.#firstWords(words);
  }

  /** Both directions. @returns the word rows and the region rows */
  #crossAttention(words: Stream, regions: Stream, module: string, layer: number): [string, string] {
    const { att, both, lengths, onRegions, fromRegions } = this.#askRegions(words, regions, module, layer);
    const onWords = this.#nodes.attention(fromRegions, words.mask, `${att}.onWords`);
    this.#attentions(`cross_encoder_vision_attentions.${layer}`, onWords.probabilities);
    const contexts = this.#below(onRegions.context, onWords.context, `${att}.context`);
    const output = `${module}.visual_attention.output`;
    return this.#split(this.#sublayerOutput(contexts, both, output), lengths, `${module}.attended`);
  }

  /**
   * Words ask regions; what regions need to ask words is there then, too: both directions share their weights, so the rows of
   * both go through one product.
   */
  #askRegions(words: Stream, regions: Stream, module: string, layer: number) {
    const att = `${module}.visual_attention.att`;
    const both = this.#below(words.rows, regions.rows, `${module}.rows`); // (word rows + region rows, H)
    const lengths = this.#graph.concat([this.#size(words.rows, 0), this.#size(regions.rows, 0)]);
    const projected = this.#nodes.joined(both, att, QUERY_KEY_VALUE); // (word rows + region rows, 3H)
    const [wordRows, regionRows] = this.#split(projected, lengths, `${att}.projected`);
    const ofWords = this.#thirds(wordRows, words.batch);
    const ofRegions = this.#thirds(regionRows, regions.batch);
    const fromWords = { ...ofRegions, queries: ofWords.queries };
    const onRegions = this.#nodes.attention(fromWords, regions.mask, `${att}.onRegions`);
    this.#attentions(`cross_encoder_attentions.${layer}`, onRegions.probabilities);
    return { att, both, lengths, onRegions, fromRegions: { ...ofWords, queries: ofRegions.queries } };
  }

  /** Of the last layer the first words alone: nothing reads the regions, and no other word's feed-forward. */
  #lastLayer(words: Stream, regions: Stream, module: string, layer: number): string {
    const att = `${module}.visual_attention.att`;
    const onRegions = this.source.attentions
      ? this.#lastMaps(words, regions, module, layer)
      : this.#nodes.attention(
          this.#project(words.rows, regions.rows, words.batch, att),
          regions.mask,
          `${att}.onRegions`,
        );
    const output = `${module}.visual_attention.output`;
    const attended = this.#sublayerOutput(onRegions.context, words.rows, output);
    const first = this.#firstWords({ ...words, rows: attended });
    const self = `${module}.lang_self_att.self`;
    const onWords = this.#nodes.attention(
      this.#project(first, attended, words.batch, self),
      words.mask,
      self,
    );
    const result = this.#sublayerOutput(onWords.context, first, `${module}.lang_self_att.output`);
    return this.#feedForward(result, `${module}.lang_inter`, `${module}.lang_output`);
  }

  /** What the last layer's first words need, and the maps of both directions, as of every other layer. */
  #lastMaps(words: Stream, regions: Stream, module: string, layer: number): Attended {
    const { att, onRegions, fromRegions } = this.#askRegions(words, regions, module, layer);
    const onWords = this.#nodes.probabilities(fromRegions, words.mask, `${att}.onWords`);
    this.#attentions(`cross_encoder_vision_attentions.${layer}`, onWords);
    return onRegions;
  }

  /** Self-attention and feed-forward of one side of a cross-modality layer. */
  #side(stream: Stream, module: string, side: 'lang' | 'visn'): string {
    const block = `${module}.${side}_self_att`;
    const { rows } = this.#selfAttention(stream, `${block}.self`, `${block}.output`);
    return this.#feedForward(rows, `${module}.${side}_inter`, `${module}.${side}_output`);
  }

  #selfAttention({ rows, mask, batch }: Stream, self: string, output: string) {
    const heads = this.#thirds(this.#nodes.joined(rows, self, QUERY_KEY_VALUE), batch);
    const { context, probabilities } = this.#nodes.attention(heads, mask, self);
    return { rows: this.#sublayerOutput(context, rows, output), probabilities };
  }

  /** Queries of some rows, keys and values of others. */
  #project(asking: string, asked: string, batch: string, module: string): AttentionHeads {
    const [queries] = this.#nodes.heads(this.#nodes.dense(asking, `${module}.query`), 1, batch) as [string];
    const projected = this.#nodes.joined(asked, module, ['key', 'value']); // (rows, 2H)
    const [keys, values] = this.#nodes.heads(projected, 2, batch) as [string, string];
    return { queries, keys, values };
  }

  /** (B * n, 3H) -> query, key and value */
  #thirds(projected: string, batch: string): AttentionHeads {
    const [queries, keys, values] = this.#nodes.heads(projected, 3, batch) as [string, string, string];
    return { queries, keys, values };
  }

  #feedForward(rows: string, inner: string, output: string): string {
    return this.#nodes.feedForward(rows, `${inner}.dense`, output, this.source.config.layerNormEps);
  }

  #sublayerOutput(rows: string, residual: string, module: string): string {
    return this.#nodes.sublayerOutput(rows, residual, module, this.source.config.layerNormEps);
  }

  /** The rows of words and below them those of regions. */
  #below(words: string, regions: string, name: string): string {
    return this.#graph.node('Concat', [words, regions], { name, attributes: { axis: 0 } });
  }

  /** (word rows + region rows, size) -> (word rows, size), (region rows, size) */
  #split(rows: string, lengths: string, name: string): [string, string] {
    const outputs = [`${name}.words`, `${name}.regions`] as [string, string];
    this.#graph.nodeOf('Split', [rows, lengths], { name, outputs, attributes: { axis: 0 } });
    return outputs;
  }

  /** (B * n, H) -> (B, H) */
  #firstWords({ rows, batch }: Stream): string {
    const graph = this.#graph;
    const shape = graph.concat([batch, graph.ints([-1, this.source.config.hiddenSize])]);
    const sentences = graph.node('Reshape', [rows, shape]); // (B, n, H)
    return graph.node('Gather', [sentences, graph.int(0)], { attributes: { axis: 1 } });
  }

  /** A sentence about several images counts once for each: (B * n, H) -> (B * images * n, H) */
  #forEachImage(sentences: Stream): Stream {
    const { imagesPerExample } = this.source;
    if (imagesPerExample === 1) return sentences;
    const batch = this.#times(sentences.batch, imagesPerExample);
    const repeat = (value: string): string =>
      this.#repeat(
        value,
        [sentences.batch, this.#graph.ints([1, -1])],
        this.#graph.ints([1, imagesPerExample, 1]),
      );
    return {
      ...sentences,
      rows: this.#asRows(repeat(sentences.rows)),
      mask: this.#asMask(repeat(sentences.mask), batch),
      batch,
    };
  }

  /** Images that all examples share count once for each: (images * regions, H) -> (B * regions, H) */
  #forEachExample(images: Stream): Stream {
    const graph = this.#graph;
    const { imagesPerExample } = this.source;
    const numExamples = this.#size('input_ids', 0);
    const batch = this.#times(numExamples, imagesPerExample);
    const apart = [this.#size('visual_feats', 0), graph.ints([imagesPerExample, -1])];
    const repeat = (value: string): string =>
      this.#repeat(value, apart, graph.concat([numExamples, graph.ints([1, 1])]));
    return {
      ...images,
      rows: this.#asRows(repeat(images.rows)),
      mask: this.#asMask(repeat(images.mask), batch),
      batch,
    };
  }

  /** Sequences as (a, b, their values), repeated along a or b. */
  #repeat(value: string, apart: readonly string[], shape: string): string {
    const graph = this.#graph;
    return graph.node('Expand', [graph.node('Reshape', [value, graph.concat(apart)]), shape]);
  }

  /** (..., size) -> (rows, size) */
  #asRows(value: string, size = this.source.config.hiddenSize): string {
    return this.#graph.node('Reshape', [value, this.#graph.ints([-1, size])]);
  }

  /** (...) -> (B, 1, 1, n) */
  #asMask(value: string, batch: string): string {
    return this.#graph.node('Reshape', [value, this.#graph.concat([batch, this.#graph.ints([1, 1, -1])])]);
  }

  /** One size of a value, as a list. */
  #size(value: string, axis: number): string {
    const name = `${value}.size${axis}`;
    if (this.#graph.has(name)) return name;
    return this.#graph.node('Shape', [value], { name, attributes: { start: axis, end: axis + 1 } });
  }

  #times(count: string, factor: number): string {
    if (factor === 1) return count;
    const name = `${count}*${factor}`;
    if (this.#graph.has(name)) return name;
    return this.#graph.node('Mul', [count, this.#graph.ints([factor])], { name });
  }

  /** mask (..., n) int64, 1 for what counts -> (B, 1, 1, n): what is added to scores */
  #paddingScores(mask: string, batch: string): string {
    const graph = this.#graph;
    const { type } = this.writer;
    const counts = graph.node('Cast', [mask], { attributes: { to: CAST_CODES[type] } });
    const isPadding = graph.node('Sub', [graph.number(1, type), counts]);
    return this.#asMask(graph.node('Mul', [isPadding, graph.number(PADDING_SCORE, type)]), batch);
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
    // (B * images, H) -> (B, images * H)
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
