/** @file The tokenizer as transformers' BertTokenizerFast and transformers.js read it. */

import { CONTINUATION, MAX_WORD_LENGTH, SPECIAL_TOKENS, type WordPieceTokenizer } from '../text/index.js';

const [PAD, UNK, CLS, SEP, MASK] = SPECIAL_TOKENS;

/** @returns texts by file name */
export function tokenizerFiles(tokenizer: WordPieceTokenizer, maxLength: number): Record<string, string> {
  const special = { unk_token: UNK, sep_token: SEP, pad_token: PAD, cls_token: CLS, mask_token: MASK };
  const config = {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: tokenizer.lowerCase,
    strip_accents: null,
    tokenize_chinese_chars: true,
    model_max_length: maxLength,
    ...special,
  };
  return {
    'vocab.txt': `${tokenizer.vocabulary.entries.join('\n')}\n`,
    'tokenizer.json': json(fastTokenizer(tokenizer)),
    'tokenizer_config.json': json(config),
    'special_tokens_map.json': json(special),
  };
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The form of the `tokenizers` library, version 1.0, with the parts that its BERT conversion has. */
function fastTokenizer({ vocabulary, lowerCase }: WordPieceTokenizer): unknown {
  const idOf = (token: string): number => vocabulary.id(token) as number;
  const piece = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const text = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const first = [piece(CLS), text('A', 0), piece(SEP)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content) => ({
      id: idOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })).sort((a, b) => a.id - b.id),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: lowerCase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: first,
      pair: [...first, text('B', 1), { SpecialToken: { id: SEP, type_id: 1 } }],
      special_tokens: Object.fromEntries([CLS, SEP].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: CONTINUATION, cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: UNK,
      continuing_subword_prefix: CONTINUATION,
      max_input_chars_per_word: MAX_WORD_LENGTH,
      // Entries that look like numbers would come first in an object, but nothing reads their order.
      vocab: Object.fromEntries(vocabulary.entries.map((entry, id) => [entry, id])),
    },
  };
}
