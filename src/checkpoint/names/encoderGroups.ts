/**
 * @file Which of a file's names are of one encoder: what stands before the names that every BERT-like encoder has. Whoever
 * wraps a model (a training loop, a compiler, several GPUs) puts words of its own there.
 */

/** Words that wrappers of PyTorch put into names, wherever in the model they wrap something. */
const WRAPPERS = new Set([
  'module',
  '_orig_mod',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
  '_forward_module',
]);

/** The reference's fine-tuned models keep their encoder there. */
const FINE_TUNED = 'lxrt_encoder.model.';

const ENCODER_NAME =
  /^((?:[\w-]+\.)*?)((?:lxrt_encoder\.model\.)?(?:(?:bert|lxmert)\.)?)((?:embeddings\.(?:word_embeddings|position_embeddings|token_type_embeddings|LayerNorm)|encoder\.(?:(?:layer|r_layers|x_layers)\.\d+|visn_fc)|pooler\.dense)\..+)$/;

/** Longer names are no tensors of an encoder; a pattern should not walk them. */
const MAX_NAME_LENGTH = 512;

/** The encoder tensors of a file whose names begin alike. */
export interface EncoderGroup {
  /** What somebody put before the model's own names, without the words of wrappers: `model.`; often empty. */
  readonly outer: string;
  /** What stands before the encoder's parts: `outer`, then `bert.`, `lxmert.`, `lxrt_encoder.model.bert.` or nothing. */
  readonly stem: string;
  /** The rest of each name, such as `pooler.dense.weight`, with the whole name as it stands in the file. */
  readonly tails: ReadonlyMap<string, string>;
}

/** A name without the words of wrappers. */
export function unwrapped(name: string): string {
  return name
    .split('.')
    .filter((word) => !WRAPPERS.has(word))
    .join('.');
}

/** The words of wrappers that are in names. */
export function wrappersIn(names: Iterable<string>): string[] {
  const found = new Set<string>();
  for (const name of names) for (const word of name.split('.')) if (WRAPPERS.has(word)) found.add(word);
  return [...found];
}

/** The encoders in a set of names, the first one first. */
export function encoderGroups(names: Iterable<string>): EncoderGroup[] {
  const groups = new Map<string, { outer: string; stem: string; tails: Map<string, string> }>();
  for (const name of names) {
    if (name.length > MAX_NAME_LENGTH) continue;
    const [, outer, inner, tail] = ENCODER_NAME.exec(unwrapped(name)) ?? [];
    if (outer === undefined || inner === undefined || tail === undefined) continue;
    const stem = outer + inner;
    const group = groups.get(stem) ?? { outer, stem, tails: new Map<string, string>() };
    groups.set(stem, group);
    group.tails.set(tail, name);
  }
  return [...groups.values()];
}

/** LXMERT's encoder reads words and regions, a BERT's words only; of others only a part is there. */
export function encoderKind({ tails }: EncoderGroup): 'LXMERT' | 'BERT' | 'part' {
  const has = (beginning: string): boolean => [...tails.keys()].some((tail) => tail.startsWith(beginning));
  if (!has('embeddings.word_embeddings.')) return 'part';
  if (has('encoder.visn_fc.')) return 'LXMERT';
  return has('encoder.layer.') ? 'BERT' : 'part';
}

/** Whose way of naming a stem is; see `NamingFamily`. */
export function familyOfStem({
  outer,
  stem,
}: Pick<EncoderGroup, 'outer' | 'stem'>): 'reference-pretraining' | 'reference-finetuned' | 'huggingface' {
  const inner = stem.slice(outer.length);
  if (inner.startsWith(FINE_TUNED)) return 'reference-finetuned';
  return inner === 'bert.' ? 'reference-pretraining' : 'huggingface';
}
