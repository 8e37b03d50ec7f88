/**
 * @file Writes src/onnx/schema/onnx_pb.ts from the published schema beside it, onnx.proto of the `onnx` Python package. Needed
 * only when that file is exchanged for a newer one: `node scripts/write-onnx-schema.mjs`. The compiler and its plug-in come
 * from npm for this one run.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const schema = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../src/onnx/schema');
const packages = ['@bufbuild/buf@1', '@bufbuild/protoc-gen-es@2'];
const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-schema-'));
try {
  // Without the schema's comments, which stand in the schema.
  buf('build', schema, '--exclude-source-info', '-o', path.join(folder, 'schema.binpb'));
  const plugin = { local: 'protoc-gen-es', out: folder, opt: ['target=ts', 'import_extension=js'] };
  const template = JSON.stringify({ version: 'v2', plugins: [plugin] });
  buf('generate', path.join(folder, 'schema.binpb'), '--template', template);
  const code = readFileSync(path.join(folder, 'onnx_pb.ts'), 'utf8');
  const header = `/**
 * @file The published ONNX schema as types and descriptors. Generated from onnx.proto by scripts/write-onnx-schema.mjs; not
 * to be edited. onnx.proto is the ONNX project's, under the Apache License 2.0 (LICENSE in this folder).
 */
// SPDX-License-Identifier: Apache-2.0

`;
  writeFileSync(path.join(schema, 'onnx_pb.ts'), header + code);
} finally {
  rmSync(folder, { recursive: true });
}

function buf(...words) {
  const given = packages.flatMap((name) => ['--package', name]);
  execFileSync('npx', ['--yes', ...given, '--', 'buf', ...words], { stdio: 'inherit' });
}
