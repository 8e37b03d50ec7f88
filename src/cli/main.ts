#!/usr/bin/env node
/** @file The `lxmert` executable. */

import { runCommandLine } from './program.js';

process.exitCode = await runCommandLine(process.argv.slice(2));
