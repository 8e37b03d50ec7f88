/** @file A folder that `lxmert export onnx` wrote: what is in it, and whether its files are those that its manifest says. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../common/errors.js';
import { excerpt } from '../../common/excerpt.js';
import { MANIFEST_FILE, MANIFEST_FORMAT } from '../../formats/exportedManifest.js';
import { asObject, shellWord } from '../../formats/forms/index.js';
import { sha256OfFile } from '../../formats/hashes/sha256.js';
import { parseJson } from '../../formats/jsonFault.js';
import { formatBytes } from '../../formats/numbers.js';
import { countOf, type FileReport, report } from '../fileReport.js';

const MAX_MANIFEST_BYTES = 1 << 26;
/** More than any export writes. */
const MAX_FILES = 1000;
/** Larger files are held against their size alone: the program that loads them computes their checksums. */
const MAX_CHECKED_BYTES = 1 << 26;

export async function examineExported(folder: string): Promise<FileReport> {
  const file = path.join(folder, MANIFEST_FILE);
  let manifest: ReturnType<typeof asObject>;
  try {
    if (statSync(file).size > MAX_MANIFEST_BYTES) throw new Error('it is larger than any manifest');
    manifest = asObject(parseJson(readFileSync(file, 'utf8')));
    if (manifest?.format !== MANIFEST_FORMAT) throw new Error(`its "format" is not "${MANIFEST_FORMAT}"`);
  } catch (error) {
    return report(folder, 'an exported folder whose manifest cannot be read', {
      problems: [`${file} is no manifest of an export: ${messageOf(error)}. Export the model again.`],
    });
  }
  const files = Object.entries(asObject(manifest.files) ?? {}).slice(0, MAX_FILES);
  const found = await Promise.all(files.map(([name, facts]) => examinePart(folder, name, facts)));
  const problems = found.flatMap(({ problem }) => problem ?? []);
  const numBytes = found.reduce((sum, part) => sum + part.numBytes, 0);
  const isDetector = manifest.kind === 'detector';
  const weights = isDetector ? asObject(manifest.detector)?.weights : manifest.weights;
  const precisions = (Array.isArray(weights) ? weights : []).map((each) => asObject(each)?.precision);
  return report(folder, isDetector ? 'an exported region detector' : 'an exported model', {
    facts: [
      `${countOf(files.length, 'file')}, ${formatBytes(numBytes)}`,
      `weights in ${
        precisions
          .filter((each) => typeof each === 'string')
          .map((each) => excerpt(each))
          .join(', ') || 'no precision'
      }`,
      ...(typeof manifest.task === 'string' ? [`task ${excerpt(manifest.task)}`] : []),
    ],
    problems,
    wayOn: isDetector
      ? `It finds regions for exported models: --detector ${shellWord(folder)}`
      : `It is taken as --model by answer, explain, match, predict and serve: --model ${shellWord(folder)}`,
  });
}

interface Part {
  readonly numBytes: number;
  readonly problem?: string;
}

async function examinePart(folder: string, name: string, facts: unknown): Promise<Part> {
  const file = path.join(folder, ...name.split('/'));
  const { numBytes: expected, sha256 } = asObject(facts) ?? {};
  // What leads out of the folder is not looked at.
  if (name.split('/').includes('..') || path.isAbsolute(name))
    return { numBytes: 0, problem: `The manifest names '${excerpt(name)}', which is not in the folder.` };
  if (!existsSync(file) || !statSync(file).isFile())
    return {
      numBytes: 0,
      problem: `There is no ${file}, although the manifest names it. Copy the whole folder again.`,
    };
  const { size: numBytes } = statSync(file);
  if (numBytes !== expected)
    return {
      numBytes,
      problem: `${file} has ${numBytes} bytes, where the manifest says ${excerpt(String(expected))}. Copy it again.`,
    };
  if (numBytes <= MAX_CHECKED_BYTES && (await sha256OfFile(file)) !== sha256)
    return {
      numBytes,
      problem: `${file} was changed after the export: its checksum is not the manifest's. Copy it again.`,
    };
  return { numBytes };
}
