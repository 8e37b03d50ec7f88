/** @file Parquet tables as hubs keep data sets: which data set's by its columns, how many rows, and whether pictures are in them. */

import { statSync } from 'node:fs';
import { messageOf } from '../../common/errors.js';
import { parquetSource } from '../../data/annotations/parquetSource.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatBytes, formatCount } from '../../formats/numbers.js';
import { ParquetTable } from '../../formats/parquet/parquetTable.js';
import { type FileReport, report, someOf } from '../fileReport.js';

interface DataSet {
  readonly title: string;
  /** Of prepare. */
  readonly verb: string;
  /** All of these columns. */
  readonly columns: readonly string[];
  /** And an id that begins so, where columns are those of others too. */
  readonly idBegins?: string;
}

/** The first whose columns are all there is meant. */
const DATA_SETS: readonly DataSet[] = [
  { title: 'statements of NLVR2', verb: 'nlvr2', columns: ['left_image', 'right_image'] },
  { title: 'questions of A-OKVQA', verb: 'aokvqa', columns: ['question_id', 'question', 'choices'] },
  { title: 'questions of VQA v2', verb: 'vqa', columns: ['question_id', 'question', 'image_id'] },
  {
    title: 'questions of VizWiz',
    verb: 'vizwiz',
    columns: ['question_id', 'question'],
    idBegins: 'VizWiz_',
  },
  { title: 'questions of OK-VQA', verb: 'okvqa', columns: ['question_id', 'question', 'answers'] },
  { title: 'questions of GQA', verb: 'gqa', columns: ['imageId', 'question'] },
];

export async function examineParquet(file: string): Promise<FileReport> {
  const size = formatBytes(statSync(file).size);
  try {
    const table = await ParquetTable.open(file);
    await table.close();
    const names = table.columns.map(({ name }) => name);
    const hasPictures = table.columns.some(({ hasBytes }) => hasBytes);
    const facts = [
      `${formatCount(table.numRows, 'row')}; ${size}${hasPictures ? '; with pictures' : ''}`,
      `columns ${someOf(names, 8)}`,
    ];
    const found = await dataSetOf(file, names);
    const word = shellWord(file);
    const exportThem = `lxmert images export ${word} --out pictures`;
    if (found === undefined)
      return report(file, 'a Parquet table', {
        facts,
        wayOn: hasPictures
          ? `Its pictures are written as files, for lxmert extract, by: ${exportThem}`
          : UNKNOWN,
      });
    if (hasPictures)
      facts.push('its pictures are written as files by lxmert images export, for lxmert extract');
    return report(file, `a Parquet table of ${found.title}`, {
      facts,
      wayOn: `Make the program's questions of it with: lxmert prepare ${found.verb} ${word} --output data/${found.verb}`,
    });
  } catch (error) {
    return report(file, 'a Parquet table', { facts: [size], problems: [messageOf(error)] });
  }
}

const UNKNOWN =
  'prepare vqa, okvqa, aokvqa, vizwiz, gqa and nlvr2 read tables with the columns of theirs (docs/how-to/prepare.md, Parquet); data of your own are ' +
  'lines as docs/how-to/custom-data.md says.';

async function dataSetOf(file: string, names: readonly string[]): Promise<DataSet | undefined> {
  const possible = DATA_SETS.filter(({ columns }) => columns.every((each) => names.includes(each)));
  for (const each of possible) {
    if (each.idBegins === undefined || (await firstId(file)).startsWith(each.idBegins)) return each;
  }
  return undefined;
}

async function firstId(file: string): Promise<string> {
  for await (const { value } of parquetSource(file).records?.() ?? [])
    return String((value as { question_id?: unknown }).question_id);
  return '';
}
