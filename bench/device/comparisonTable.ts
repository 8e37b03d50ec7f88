/** @file The lines of all implementations as one table: rates, ratios to this project, share of the device's own rate. */

type Line = Readonly<Record<string, unknown>>;

/** In Markdown. Of lines for the same work the last counts. */
export function comparisonTable(lines: readonly Line[]): string {
  const limits = limitsOf(lines);
  const rows = [...new Map(lines.filter(isRow).map((line) => [keyOf(line), line])).values()];
  const kinds = [...new Set(rows.map(({ work, batchSize }) => `${work} ${batchSize}`))];
  const table = [
    '| work, batch | implementation | examples/s | ms a step | this project in bfloat16 is | share of matrix products |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  for (const kind of kinds) {
    const own = rows.filter((line) => `${line.work} ${line.batchSize}` === kind);
    const ours = own.find(
      ({ implementation, precision }) => implementation === 'lxmert' && precision === 'bfloat16',
    );
    const counted = own.find(({ operationsPerStep }) => operationsPerStep !== undefined);
    for (const line of own) {
      table.push(`| ${kind} | ${nameOf(line)} | ${cells(line, ours, counted, limits).join(' | ')} |`);
    }
  }
  return table.join('\n');
}

function cells(
  line: Line,
  ours: Line | undefined,
  own: Line | undefined,
  limits: ReadonlyMap<string, number>,
): string[] {
  if (typeof line.skipped === 'string') return [`not measured: ${line.skipped}`, '', '', ''];
  const rate = Number(line.examplesPerSecond);
  const times =
    ours === undefined || line === ours ? '' : `${(Number(ours.examplesPerSecond) / rate).toFixed(2)} times`;
  // The operations that the work needs are the same for all; this project counts them.
  const needed = Number(line.operationsPerStep ?? own?.operationsPerStep ?? Number.NaN);
  const operations = needed / Number(line.secondsPerStep);
  const share = operations / (limits.get(String(line.precision)) ?? Number.NaN);
  return [
    rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3),
    (1000 * Number(line.secondsPerStep)).toPrecision(3),
    times,
    Number.isFinite(share) ? `${(100 * share).toFixed(0)} %` : '',
  ];
}

/** The best rate of matrix products that anybody measured, by format, in operations per second. */
function limitsOf(lines: readonly Line[]): Map<string, number> {
  const limits = new Map<string, number>();
  for (const { matrixTeraflops, precision } of lines) {
    if (typeof matrixTeraflops !== 'number') continue;
    const name = String(precision);
    limits.set(name, Math.max(limits.get(name) ?? 0, matrixTeraflops * 1e12));
  }
  return limits;
}

function isRow(line: Line): boolean {
  return line.batchSize !== undefined && line.work !== undefined && line.work !== 'matrix';
}

function keyOf(line: Line): string {
  return [line.work, line.batchSize, nameOf(line)].join('/');
}

function nameOf({ implementation, precision, compiled, cast, compileMode }: Line): string {
  const how = [
    String(precision),
    ...(cast === 'weights' ? ['converted weights'] : []),
    ...(compiled === true
      ? [`compiled${compileMode === undefined || compileMode === 'default' ? '' : ` (${compileMode})`}`]
      : []),
  ];
  return `${implementation}, ${how.join(', ')}`;
}
