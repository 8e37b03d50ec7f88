/** @file Several run folders in one report: their curves in the same charts, their scores and what they were started with side by side. */

import path from 'node:path';
import { UsageError } from '../common/errors.js';
import { formatCount } from '../formats/numbers.js';
import { type DescribedRun, describeRun, EPOCHS_NOTE, WORDS_ALONE_NOTE } from './runFolderReport.js';
import type {
  ReportAccuracy,
  ReportComparison,
  ReportCurve,
  ReportGroup,
  ReportSeries,
  RunReport,
} from './runReport.js';
import { WORDS_ALONE } from './scoresFile.js';

/** A report with the numbers of each run. */
export interface ComparedRuns {
  readonly report: RunReport;
  /** In the order in which they were named. */
  readonly runs: readonly (Omit<DescribedRun, 'report'> & { readonly name: string; readonly run: string })[];
  readonly problems: readonly string[];
}

interface NamedRun {
  readonly name: string;
  readonly described: DescribedRun;
}

/** Charts have as many styles of lines. */
const MAX_RUNS = 6;
/** Characters of a hash that tell it from others. */
const HASH_LENGTH = 12;

/**
 * Reads run folders as {@link describeRun} does.
 *
 * @throws UsageError for more runs than lines can be told apart, for one that is named twice, and as `describeRun`
 */
export async function compareRuns(folders: readonly string[]): Promise<ComparedRuns> {
  if (folders.length > MAX_RUNS)
    throw new UsageError(`At most ${MAX_RUNS} runs fit into one report, and ${folders.length} were named.`);
  const names = distinctNames(folders);
  const runs: NamedRun[] = [];
  for (const [i, folder] of folders.entries())
    runs.push({ name: names[i] as string, described: await describeRun(folder) });
  const problems = runs.flatMap(({ name, described }) =>
    described.problems.map((problem) => `${name}: ${problem}`),
  );
  const accuracy = besideEachOther(runs);
  const settings = differingSettings(runs);
  return {
    problems,
    runs: runs.map(({ name, described: { report: _, ...numbers } }, i) => ({
      name,
      run: folders[i] as string,
      ...numbers,
    })),
    report: {
      title: names.join(', '),
      subtitle: `${formatCount(runs.length, 'run')} beside each other.`,
      facts: [],
      comparisons: [factsOf(runs), settings],
      curves: overlaid(runs),
      accuracy,
      examples: [],
      notes: [
        EPOCHS_NOTE,
        ...(accuracy.columns.some((column) => column.startsWith(WORDS_ALONE)) ? [WORDS_ALONE_NOTE] : []),
        ...new Set(runs.flatMap(({ name, described }) => notesOf(name, described))),
      ],
      commands: folders.map((folder) => `npx lxmert report ${folder}`),
      problems,
    },
  };
}

/** As many of the last folders as tell the runs apart. */
function distinctNames(folders: readonly string[]): string[] {
  const parts = folders.map((folder) => path.resolve(folder).split(path.sep).filter(Boolean));
  const longest = Math.max(...parts.map((each) => each.length));
  for (let length = 1; length <= longest; length++) {
    const names = parts.map((each) => each.slice(-length).join('/'));
    if (new Set(names).size === folders.length) return names;
  }
  const places = folders.map((folder) => path.resolve(folder));
  const twice = folders.find((_, i) => places.indexOf(places[i] as string) < i) ?? '';
  throw new UsageError(`The run '${twice}' is named twice; name different ones.`);
}

function factsOf(runs: readonly NamedRun[]): ReportComparison {
  const labels = new Set(runs.flatMap(({ described }) => described.report.facts.map(({ label }) => label)));
  return {
    title: 'The runs',
    lead: '',
    columns: runs.map(({ name }) => name),
    rows: [...labels].map((label) => ({
      label,
      values: runs.map(
        ({ described }) => described.report.facts.find((fact) => fact.label === label)?.value ?? null,
      ),
    })),
  };
}

function differingSettings(runs: readonly NamedRun[]): ReportComparison {
  const settings = runs.map(({ described }) => flat(described.report.configuration ?? []));
  const labels = [...new Set(settings.flatMap((each) => [...each.keys()]))];
  const rows = labels.map((label) => ({ label, values: settings.map((each) => each.get(label) ?? null) }));
  const unlike = rows.filter(({ values }) => new Set(values).size > 1);
  // What a flag said stands among the settings as well.
  const differing = unlike.filter(
    ({ label, values }) =>
      !unlike.some(
        (other) =>
          label === other.label.replace(/^settings\./, 'options.') &&
          label !== other.label &&
          values.join('\n') === other.values.join('\n'),
      ),
  );
  const numSame = rows.length - unlike.length;
  return {
    title: 'What they were started with',
    lead:
      differing.length === 0
        ? `All ${numSame} entries of config.json are the same.`
        : `Where config.json differs; ${numSame} further entries are the same.`,
    columns: runs.map(({ name }) => name),
    rows: differing,
  };
}

function flat(groups: readonly ReportGroup[]): Map<string, string> {
  return new Map(
    groups.flatMap(({ title, lines }) =>
      lines.map(({ label, value }): [string, string] => [
        title === '' ? label : `${title}.${label}`,
        title === 'hashes' ? value.slice(0, HASH_LENGTH) : value,
      ]),
    ),
  );
}

/** Charts of the same name in one; of the loss of a step that of the batches alone. */
function overlaid(runs: readonly NamedRun[]): ReportCurve[] {
  const titles = new Set(runs.flatMap(({ described }) => described.report.curves.map(({ title }) => title)));
  return [...titles].map((title) => {
    const each = runs.flatMap(({ name, described }) => {
      const curve = described.report.curves.find((one) => one.title === title);
      return curve === undefined ? [] : [{ name, curve }];
    });
    const [{ curve: first }] = each as [(typeof each)[0]];
    return { ...first, series: seriesOf(title, each) };
  });
}

function seriesOf(
  title: string,
  each: readonly { readonly name: string; readonly curve: ReportCurve }[],
): ReportSeries[] {
  const isSingle = title === 'Training loss' || !each.some(({ curve }) => ownSeries(curve).length > 1);
  const own = each.flatMap(({ name, curve }) =>
    ownSeries(curve)
      .slice(0, isSingle ? 1 : undefined)
      .map((series) => ({ ...series, name: isSingle ? name : `${name}: ${series.name}` })),
  );
  return [...own, ...yardsticks(each)];
}

function ownSeries({ series }: ReportCurve): readonly ReportSeries[] {
  return series.filter(({ name }) => name !== WORDS_ALONE);
}

/** What words alone give: one line where it is the same for all, as it is on the same questions. */
function yardsticks(each: readonly { readonly name: string; readonly curve: ReportCurve }[]): ReportSeries[] {
  const lines = each.flatMap(({ name, curve }) =>
    curve.series.filter((series) => series.name === WORDS_ALONE).map((series) => ({ name, series })),
  );
  const heights = new Set(lines.map(({ series }) => series.points[0]?.[1]));
  if (heights.size > 1)
    return lines.map(({ name, series }) => ({ ...series, name: `${WORDS_ALONE} (${name})` }));
  const longest = lines.toSorted((a, b) => b.series.points.length - a.series.points.length)[0];
  return longest === undefined ? [] : [longest.series];
}

/** A column for each run, and what words alone give: one where it is the same for all. */
function besideEachOther(runs: readonly NamedRun[]): ReportAccuracy {
  const tables = runs.map(({ name, described }) => ({ name, accuracy: described.report.accuracy }));
  const labels = [...new Set(tables.flatMap(({ accuracy }) => accuracy.rows.map(({ label }) => label)))];
  const rowOf = (accuracy: ReportAccuracy, label: string) => accuracy.rows.find((row) => row.label === label);
  const scores = tables.map(({ name, accuracy }) => ({
    name,
    values: labels.map((label) => rowOf(accuracy, label)?.values[0] ?? null),
  }));
  const alone = tables
    .filter(({ accuracy }) => accuracy.columns.includes(WORDS_ALONE))
    .map(({ name, accuracy }) => ({
      name: `${WORDS_ALONE} (${name})`,
      values: labels.map((label) => rowOf(accuracy, label)?.values[1] ?? null),
    }));
  const areSame = new Set(alone.map(({ values }) => JSON.stringify(values))).size === 1;
  const yardsticks = areSame ? [{ name: WORDS_ALONE, values: alone[0]?.values ?? [] }] : alone;
  const columns = [...scores, ...yardsticks];
  return {
    caption: 'Accuracy at the best epoch of each run, from scores.json',
    columns: columns.map(({ name }) => name),
    numModels: scores.length,
    rows: labels.map((label, i) => ({
      label,
      values: columns.map(({ values }) => values[i] ?? null),
      numQuestions: Math.max(...tables.map(({ accuracy }) => rowOf(accuracy, label)?.numQuestions ?? 0)),
    })),
  };
}

function notesOf(name: string, { report }: DescribedRun): string[] {
  return report.notes
    .filter((note) => note !== WORDS_ALONE_NOTE && note !== EPOCHS_NOTE)
    .map((note) => `${name}: ${note}`);
}
