// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the configuration writes its references
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { faultsOf, minimal, parseText } from './fixtures.ts';

describe('YAML', () => {
  it.each([
    ['a key twice', 'a: 1\nb: 2\na: 3', 'line 3, column 1: has a key that was already given'],
    ['two documents', 'a: 1\n---\nb: 1', 'line 2, column 1: starts a second document; only one is read'],
    ['a tab', 'a:\n\tb: 1', 'line 2, column 1: is indented with a tab'],
    ['a quote that is not closed', 'a: "1', 'line 1, column 6: lacks a quote, a bracket, a comma or a colon'],
    [
      'a tag',
      'a: !env hush',
      'line 1, column 4: has a tag, which is not allowed; a value that starts with ! needs quotes',
    ],
    ['a tag for bytes', 'a: !!binary aHVzaA==', expect.stringMatching(/^line 1, column 4: has a tag/)],
    [
      'an alias without anchor',
      'a: *hush',
      'line 1, column 4: has an alias without its anchor; a value that starts with * needs quotes',
    ],
    [
      'another fault',
      'a: "\\q hush"',
      expect.stringMatching(/^line 1, column \d+: is not YAML \(BAD_DQ_ESCAPE\)$/),
    ],
  ])('with %s is refused with its line, and without what is written there', (_what, text, fault) => {
    const found = faultsOf(() => parseText(text));
    expect(found[0]).toEqual(fault);
    expect(found.join()).not.toContain('hush');
  });

  it('is told the first fault that hides the rest, and what comes before it', () => {
    const many = `a: 1\na: 2\nb: { c: \${X}, d: \${Y} }\ne: [\${Z}]\n`;
    const quotes = 'has a reference inside { } or [ ], where it needs quotes: "${NAME}"';
    expect(faultsOf(() => parseText(many))).toEqual([
      'line 2, column 1: has a key that was already given',
      `line 3, column 10: ${quotes}`,
    ]);
    expect(faultsOf(() => parseText('a: [x, ${file:/run/x}]'))).toEqual([`line 1, column 9: ${quotes}`]);
    expect(faultsOf(() => parseText('a: "1\nb: {'))).toHaveLength(1);
  });

  it('may use anchors, but not to grow without bound', () => {
    const few = `genauth: {host: &h https://api.genauth.ai, accessKeyId: &k k, accessKeySecret: *k}\nleavers: {dryRun: true}`;
    expect(parseText(few).genauth.accessKeySecret).toBe('k');
    const bomb = Array.from({ length: 9 }, (_, level) => {
      const items =
        level === 0 ? 'x,x,x,x,x,x,x,x' : Array.from({ length: 8 }, () => `*a${level - 1}`).join(',');
      return `k${level}: &a${level} [${items}]`;
    });
    const says = ['the configuration has too many aliases, or is nested too deeply'];
    expect(faultsOf(() => parseText(bomb.join('\n')))).toEqual(says);
    expect(faultsOf(() => parseText('['.repeat(100_000)))).toEqual(says);
  });

  it('is not nested too deeply, nor in itself', () => {
    const deep = `a: ${'['.repeat(40)}${']'.repeat(40)}`;
    for (const text of [deep, 'a: &a [*a]']) {
      expect(faultsOf(() => parseText(text))[0]).toMatch(/^a(\[0\])+: is nested too deeply$/);
    }
  });

  it('is at most one mebibyte', () => {
    expect(faultsOf(() => parseText(`#${'x'.repeat(1_048_576)}`))).toEqual([
      'the configuration is larger than 1048576 bytes',
    ]);
  });

  it('does not reach into prototypes', () => {
    expect(faultsOf(() => parseText(`${stringify(minimal)}__proto__: {dryRun: false}`))).toEqual([
      expect.stringMatching(/^dryRun|^__proto__/),
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
