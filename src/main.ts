#!/usr/bin/env node
/** Hands the command line to cli/ and makes its outcome the exit code. */

import { runProgram } from './cli/program.ts';

// Whoever reads the output may have enough of it (`| head`): what a shell expects then is the code of SIGPIPE, not a stack trace.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 141 : 1));

process.exitCode = await runProgram(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
});

// A connection that something left open must not keep a program alive whose work is over.
setTimeout(() => process.exit(), 1000).unref();
