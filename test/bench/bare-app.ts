/**
 * What the bridge is measured against: an Express application that checks the HMAC of a webhook, parses it, sends it on
 * where it is told to, and answers. It keeps nothing.
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';

const [forwardTo] = process.argv.slice(2);
const secret = (process.env.BENCH_SECRET ?? '').replace('whsec_', '');
const key = createSecretKey(Buffer.from(secret, 'base64'));

const app = express();
app.post('/hooks/bench', express.raw({ type: () => true }), async (request, response) => {
  const id = String(request.headers['webhook-id']);
  const signed = `${id}.${request.headers['webhook-timestamp']}.`;
  const expected = createHmac('sha256', key).update(signed).update(request.body).digest();
  const given = Buffer.from(String(request.headers['webhook-signature']).slice('v1,'.length), 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    response.status(401).end();
    return;
  }
  const { data } = JSON.parse(request.body);
  if (forwardTo) {
    const headers = { 'content-type': 'application/json' };
    await (await fetch(forwardTo, { method: 'POST', headers, body: JSON.stringify(data) })).text();
  }
  response.json({ status: 'accepted', intents: [id] });
});

const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ level: 30, msg: 'ready', url: `http://127.0.0.1:${port}` })}\n`);
});
