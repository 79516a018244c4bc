#!/usr/bin/env node
const [major = 0] = process.versions.node.split('.').map(Number);

// Said before anything else is loaded: an older Node stumbles over the first import, and says something else.
if (major < 24) {
  process.stderr.write(`offboard-bridge needs Node.js 24 or newer; this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const [word, ...rest] = process.argv.slice(2);
  if (word === 'reconcile') {
    const { reconcileCommand } = await import('./cli/reconcile.ts');
    process.exitCode = await reconcileCommand(rest, process.env);
  } else {
    const { serve } = await import('./cli/serve.ts');
    process.exitCode = await serve(process.argv.slice(2), process.env);
  }
}
