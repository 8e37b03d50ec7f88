#!/usr/bin/env node
/** @file The `lxmert` executable. */

import { runCommandLine } from './program.js';

// `lxmert ... | head` closes the pipe early: that ends the output, it is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
