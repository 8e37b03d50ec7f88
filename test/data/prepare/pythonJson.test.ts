import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AnswerTable } from '../../../src/data/answerTable.js';
import { formatAnswerTable } from '../../../src/data/prepare/answerTableFiles.js';
import {
  compareCodePoints,
  formatPythonJson,
  PythonFloat,
  type PythonValue,
  REFERENCE_STYLE,
} from '../../../src/data/prepare/pythonJson.js';
import { publishedPath } from '../../support/published.js';

const oneLine = { indent: undefined, sortKeys: false };

describe('formatPythonJson', () => {
  // Right-hand sides as printed by Python 3's json.dumps.
  it.each<[PythonValue, string]>([
    [[1, 0.3, true, null, 'x'], '[1, 0.3, true, null, "x"]'],
    [{ a: [], b: {} }, '{"a": [], "b": {}}'],
    [new PythonFloat(1), '1.0'],
    [new PythonFloat(0.3), '0.3'],
    ['caf\u00e9 \ud83d\ude00', '"caf\\u00e9 \\ud83d\\ude00"'],
    ['tab\tquote"back\\del\u007f\u2028', '"tab\\tquote\\"back\\\\del\\u007f\\u2028"'],
    ['a/b\u0001', '"a/b\\u0001"'],
    [
      new Map([
        ['10', 1],
        ['2', 2],
        ['b', 3],
      ]),
      '{"10": 1, "2": 2, "b": 3}',
    ],
    [{ a: undefined, b: 1 }, '{"b": 1}'],
  ])('%j', (value, expected) => {
    expect(formatPythonJson(value, oneLine)).toBe(expected);
  });

  it('escapes every 16-bit character as Python does', () => {
    const all = String.fromCharCode(...Array.from({ length: 0x10000 }, (_, code) => code));
    const text = formatPythonJson(`${all}\u{1f600}\u{10ffff}`, oneLine);
    // Of json.dumps(''.join(map(chr, range(65536))) + chr(0x1f600) + chr(0x10ffff)) in Python 3.
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      '2aaeb97e423790dba0a5f160d0e0048e79b6c33f223de4f66b282357a03bec43',
    );
  });

  it('sorts and indents', () => {
    const value = { b: [1, { z: 'x' }], a: { 9: 1, 10: 2, 1: 3 }, c: {} };
    expect(formatPythonJson(value, REFERENCE_STYLE)).toBe(
      '{\n    "a": {\n        "1": 3,\n        "10": 2,\n        "9": 1\n    },\n    "b": [\n        1,\n' +
        '        {\n            "z": "x"\n        }\n    ],\n    "c": {}\n}',
    );
  });

  it('orders strings by code points', () => {
    const words = ['\ud83d\ude00', '\uffee', 'b', 'ab', 'a', ''];
    expect([...words].sort(compareCodePoints)).toEqual(['', 'a', 'ab', 'b', '\uffee', '\ud83d\ude00']);
  });
});

describe('the published files come out byte for byte', () => {
  const text = (...parts: string[]): string => readFileSync(publishedPath(...parts), 'utf8');

  it('questions', () => {
    const val = text('vqa', 'val2014_600img.lxmert.json');
    expect(formatPythonJson(JSON.parse(val) as PythonValue, { indent: undefined, sortKeys: true })).toBe(val);
  });

  it('the VQA answer table', () => {
    const expected = text('lxmert', 'vqa', 'trainval_label2ans.json');
    const files = formatAnswerTable(new AnswerTable(JSON.parse(expected) as string[]), 'vqa');
    expect(files).toEqual([text('lxmert', 'vqa', 'trainval_ans2label.json'), expected]);
  });

  it('the GQA answer table, but for the accidental order of the first file', () => {
    const expected = text('lxmert', 'gqa', 'trainval_label2ans.json');
    const [inverse, answers] = formatAnswerTable(new AnswerTable(JSON.parse(expected) as string[]), 'gqa');
    expect(answers).toBe(expected);
    const lines = (json: string): string[] => json.replaceAll(',\n', '\n').split('\n').sort();
    expect(lines(inverse)).toEqual(lines(text('lxmert', 'gqa', 'trainval_ans2label.json')));
  });

  it('the pre-training answer table', () => {
    const expected = text('lxmert', 'lxmert', 'all_ans.json');
    const entries = JSON.parse(expected) as { ans: string }[];
    expect(formatPythonJson(entries, REFERENCE_STYLE)).toBe(expected);
    const answers = entries.map((entry) => entry.ans);
    expect([...answers].sort(compareCodePoints)).toEqual(answers);
  });
});
