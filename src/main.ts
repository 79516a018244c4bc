#!/usr/bin/env node
const [major = 0] = process.versions.node.split('.').map(Number);

// As process 1, as in a container, a signal that nobody listens for would do nothing; elsewhere it ends the process.
if (process.pid === 1) {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(code);
    });
  }
}

// Whoever reads us may have enough, as `head` has: then we end as programs do that SIGPIPE ends, which Node ignores. Words
// on standard error are beside the work, which goes on without them.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Said before anything else is loaded: an older Node stumbles over the first import, and says something else.
if (major < 24) {
  process.stderr.write(`offboard-bridge needs Node.js 24 or newer; this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const { run } = await import('./cli/program.ts');
  process.exitCode = await run(process.argv.slice(2), process);
}
