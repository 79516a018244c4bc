import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** A process that is the first of its own PID namespace, as in a container; not every machine lets one be made. */
const asFirst = ['--pid', '--fork', '--kill-child', process.execPath];
const canBeFirst = spawnSync('unshare', [...asFirst, '--version']).status === 0;

(canBeFirst ? describe : describe.skip)('process 1 of a container', () => {
  it('ends at a signal that the command does not listen for', async () => {
    // It takes the request and never answers.
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const outer = spawn('unshare', [...asFirst, main, 'status', '--url', url], {
      env: { OFFBOARD_TOKEN: 'o'.repeat(32) },
      stdio: 'ignore',
    });
    try {
      await once(server, 'request');
      const inner = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8');
      const ended = once(outer, 'exit');
      process.kill(Number(inner), 'SIGTERM');
      expect(await ended).toEqual([143, null]);
    } finally {
      outer.kill('SIGKILL');
      server.closeAllConnections();
      server.close();
    }
  });
});
