import { describe, expect, it } from 'vitest';
import { spellAsInAnswerTable } from '../../../src/data/prepare/vqaAnswer.js';
import { publishedPath } from '../../support/published.js';
import { readJson } from './support.js';

describe('spellAsInAnswerTable', () => {
  it.each([
    ['Yes', 'yes'],
    ['The Dog', 'dog'],
    ['a', ''],
    ['an umbrella and a hat', 'umbrella and hat'],
    ['none', '0'],
    ['two dogs', '2 dogs'],
    ['dont know', "don't know"],
    ['couldntve', 'couldntve'],
    ["couldnt've", "couldn't've"],
    ["somebody'd", 'somebodyd'],
    ["we'dve", "we'd've"],
    ["yall'd've", "y'all'd've"],
    // A mark becomes a space, or nothing where a space is beside it anywhere.
    ['t-shirt', 't shirt'],
    ['red - blue', 'red blue'],
    ['left- right-most', 'left rightmost'],
    ['black, white', 'black white'],
    ['black,white', 'black white'],
    ['1,000', '1000'],
    ['1,000-2,000', '10002000'],
    ['1/4', '1 4'],
    // Full stops go unless a digit follows; at most 32.
    ['t.v.', 'tv'],
    ['2.50', '2.50'],
    ['5 p.m.', '5 pm'],
    ['.'.repeat(40), '.'.repeat(8)],
    ['  two   spaces ', '2 spaces'],
  ])('%j -> %j', (answer, expected) => {
    expect(spellAsInAnswerTable(answer)).toBe(expected);
  });

  it('leaves every answer of the published table as it is', () => {
    const answers = readJson(publishedPath('lxmert', 'vqa', 'trainval_label2ans.json')) as string[];
    expect(answers.filter((answer) => spellAsInAnswerTable(answer) !== answer)).toEqual([]);
  });
});
