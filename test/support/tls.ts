import { readFileSync } from 'node:fs';

const read = (name: string): string => readFileSync(new URL(`./tls/${name}`, import.meta.url), 'utf8');

/** Certificates and their keys in PEM; see `tls/README.md`. */
export const pem = {
  authority: read('authority.pem'),
  server: { cert: read('server.pem'), key: read('server.key') },
  client: { certificate: read('client.pem'), privateKey: read('client.key') },
  stranger: { certificate: read('stranger.pem'), privateKey: read('stranger.key') },
};

/** Where they are, for a configuration that names files. */
export const pemFile = (name: string): string => new URL(`./tls/${name}`, import.meta.url).pathname;
