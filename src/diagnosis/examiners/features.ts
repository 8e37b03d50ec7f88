/** @file Region features: TSV files and stores. */

import { messageOf } from '../../common/errors.js';
import { openShards, readShardRow, readTsvProvenance } from '../../features/files.js';
import { shellWord } from '../../formats/forms/index.js';
import { formatBytes, formatNumber } from '../../formats/numbers.js';
import { countOf, type FileReport, report } from '../fileReport.js';
import { RowFacts } from '../rowFacts.js';
import { sampleRows } from '../sampledRows.js';

/** Rows of a store that are looked at. */
const STORE_SAMPLES = 12;

const USE = 'It is taken by --features of finetune, evaluate, predict and answer. All of it is checked by';

/** A TSV file, by rows from its beginning, middle and end. */
export async function examineFeatureTable(file: string, numBytes: number): Promise<FileReport> {
  const { rows, problems: found, isAll, numEstimated } = await sampleRows(file, numBytes);
  const problems = [...found];
  const facts = new RowFacts();
  for (const row of rows) facts.add(row);
  const provenance = await readTsvProvenance(file).catch((error: unknown) => {
    problems.push(messageOf(error));
    return undefined;
  });
  const count =
    isAll || numEstimated === rows.length
      ? `${countOf(rows.length, 'image')}${isAll ? ', all looked at' : ' before the first fault'}`
      : `about ${countOf(numEstimated, 'image')}, of which ${formatNumber(rows.length)} were looked at (beginning, middle, end)`;
  const detector = provenance?.provenance.detector;
  return report(file, 'a TSV file of region features', {
    facts: [
      `${count}; ${formatBytes(numBytes)}`,
      ...facts.facts(),
      ...(detector ? [`detector ${detector}`] : []),
    ],
    problems: [...problems, ...facts.problems()],
    wayOn: tableWayOn(file, rows.length, found),
    traits: traitsOf(facts, isAll, provenance?.provenance.weightsSha256),
  });
}

/** The conversion with the flags that what was found asks for; undefined where none would get far. */
function tableWayOn(file: string, numRows: number, problems: readonly string[]): string | undefined {
  const convert = `lxmert features convert ${shellWord(file)} features/mine`;
  const [stated] = /(?: ?--box-(?:unit|format) \w+)+/.exec(problems.join(' ')) ?? [];
  if (stated !== undefined) return `With that stated: ${convert} ${stated.trim()}`;
  if (numRows === 0) return undefined;
  return problems.length === 0
    ? `Make a store of it with: ${convert}`
    : `Rows that are broken are left out and listed by: ${convert} --keep-going`;
}

/** A store, by its headers and some rows. */
export async function examineStore(store: string): Promise<FileReport> {
  const what = 'a feature store';
  try {
    const shards = openShards(store);
    const numImages = shards.reduce((sum, shard) => sum + shard.numImages, 0);
    const facts = new RowFacts();
    const problems: string[] = [];
    const step = Math.max(1, Math.floor(numImages / STORE_SAMPLES));
    let offset = 0;
    for (const shard of shards) {
      for (let i = (step - (offset % step)) % step; i < shard.numImages; i += step) {
        try {
          facts.add(await readShardRow(shard, i));
        } catch (error) {
          problems.push(messageOf(error));
        }
      }
      offset += shard.numImages;
    }
    const [first] = shards;
    const { provenance } = first!.metadata;
    const names = new Set(shards.flatMap((shard) => shard.metadata.imageIds));
    const numBytes = shards.reduce((sum, shard) => sum + shard.fileBytes, 0);
    return report(store, what, {
      facts: [
        `${countOf(numImages, 'image')} in ${countOf(shards.length, 'shard')}, ${first!.layout.dtype}, ${formatBytes(numBytes)}; ${facts.numRows} looked at`,
        ...facts.facts(),
        `detector ${provenance.detector ?? 'not stated'}${provenance.source ? `, made of ${provenance.source}` : ''}`,
      ],
      problems: [
        ...problems,
        ...facts.problems(),
        ...(names.size < numImages
          ? [`${formatNumber(numImages - names.size)} of its images are there twice.`]
          : []),
      ],
      wayOn: `${USE}: lxmert features verify ${shellWord(store)}`,
      traits: { ...traitsOf(facts, true, provenance.weightsSha256), featureImages: { names, isAll: true } },
    });
  } catch (error) {
    return report(store, what, { problems: [messageOf(error)] });
  }
}

function traitsOf(facts: RowFacts, isAll: boolean, sha256: string | null | undefined) {
  return {
    ...(facts.numRows > 0 && { featureImages: { names: facts.imageIds, isAll } }),
    ...(facts.featureSize !== undefined && { featureSize: facts.featureSize }),
    ...(sha256 && { detectorSha256: sha256 }),
  };
}
