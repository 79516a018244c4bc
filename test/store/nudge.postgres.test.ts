import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openNudges } from '../../src/store/postgres/nudge.ts';
import { createDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { openTcpProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

describe('nudges', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase();
  });

  afterEach(() => database.drop());

  it('leave no connection behind that was being made when they were closed', async () => {
    const connections: { readonly client: Socket; readonly letThrough: () => void }[] = [];
    const proxy = await openTcpProxy({
      relay(client, server) {
        const letThrough = () => client.pipe(server).pipe(client);
        connections.push({ client, letThrough });
        if (connections.length === 1) letThrough();
      },
    });
    const url = new URL(database.url);
    proxy.leadTo(url.host);
    url.host = proxy.address;
    try {
      const run = async () => 0;
      const nudges = await openNudges({ url: url.href, database: { run }, onNudge: () => undefined });
      proxy.cut();
      const second = await until(() => connections[1]);
      const closing = nudges.close();
      second.letThrough();
      await closing;
      await until(() => second.client.destroyed);
      expect(connections).toHaveLength(2);
    } finally {
      await proxy.close();
    }
  });
});
