import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly integrity?: string;
}

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);

describe('the dependencies', () => {
  it('are all in the list, with their licence, and the list has no other', () => {
    const rows = read('docs/dependencies.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) => {
      const [, names = '', , licences = ''] = row.split('|').map((cell) => cell.trim());
      return names.split(', ').map((name, index) => {
        const named = licences.split(', ');
        return [name.replaceAll('`', ''), named[index] ?? named[0]];
      });
    });
    const wanted = Object.keys(dependencies).map((name) => [name, packages[`node_modules/${name}`]?.license]);
    expect(listed.sort()).toEqual(wanted.sort());
  });

  it.each(installed)('may be passed on, and are pinned: %s', (_path, { license, integrity }) => {
    expect(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']).toContain(license);
    expect(integrity).toMatch(/^sha512-/);
  });

  it('are all in the bill of materials, which has no other', () => {
    const script = fileURLToPath(new URL('../.ci/sbom', import.meta.url));
    const { components } = JSON.parse(execFileSync(script, { encoding: 'utf8', stdio: 'pipe' })) as {
      components: { purl: string }[];
    };
    const listed = components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', '')));
    const wanted = installed.map(
      ([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`,
    );
    expect(listed.sort()).toEqual([...new Set(wanted)].sort());
  });
});
