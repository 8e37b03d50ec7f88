#!/usr/bin/env node
/** @file The `lxmert` executable. */

import { preload } from './preload.js';

const words = process.argv.slice(2);
preload(words);
const { runCommandLine } = await import('./program.js');
process.exitCode = await runCommandLine(words);
