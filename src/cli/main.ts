#!/usr/bin/env node
/** @file The `lxmert` executable. */

import { messageOf } from '../common/errors.js';
import { preload } from './preload.js';

const words = process.argv.slice(2);
try {
  preload(words);
  const { runCommandLine } = await import('./program.js');
  process.exitCode = await runCommandLine(words);
} catch (error) {
  // What ends the program before it can say so.
  process.stderr.write(`lxmert: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
