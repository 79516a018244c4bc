import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the console, as it is served. */
export interface Asset {
  readonly contentType: string;
  readonly body: string;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Assets {
  /** By the name after `/console/`; the page itself has the empty one. */
  readonly files: ReadonlyMap<string, Asset>;
  /** The `Content-Security-Policy` under which they work. */
  readonly policy: string;
}

/**
 * Reads the console's own files and the two libraries that it uses, as modules that a browser takes as they are.
 * @throws when one of them is missing
 */
export function readAssets(): Assets {
  const folder = fileURLToPath(new URL('../../../console/', import.meta.url));
  const own = readdirSync(folder)
    .filter((name) => extname(name) in contentTypes)
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  const files = new Map<string, Asset>();
  for (const [name, body] of [...own, ...readLibraries()]) {
    files.set(name === 'index.html' ? '' : name, { contentType: contentTypes[extname(name)] ?? '', body });
  }
  return { files, policy: policyOf(files.get('')?.body ?? '') };
}

function readLibraries(): [string, string][] {
  const { resolve } = createRequire(import.meta.url);
  const paths = {
    'preact.js': resolve('preact'),
    'hooks.js': resolve('preact/hooks'),
    'htm.js': join(dirname(resolve('htm')), 'htm.module.js'),
  };
  return Object.entries(paths).map(([name, path]) => [name, readFileSync(path, 'utf8')]);
}

/** Nothing from elsewhere, and of what stands in the page itself only its import map, by its digest. */
function policyOf(page: string): string {
  const [, map = ''] = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page) ?? [];
  const digest = createHash('sha256').update(map).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${digest}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}
