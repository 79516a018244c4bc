import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const chart = join(root, 'charts/offboard-bridge');
const tools = process.env.SHIPPING_TOOLS;

/** For what needs the tools that `.ci/tools` makes; without them it is skipped, which `.ci/run` does not allow. */
export const describeWithTools = tools || process.env.CI ? describe : describe.skip;

/** The value files with which the chart is tried. */
export const valueFiles = readdirSync(join(chart, 'ci')).map((name) => join(chart, 'ci', name));

/** An object of Kubernetes, as far as tests look into it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
}

/** Runs one of the tools to its end; `out` is everything that it wrote. */
export function runTool(name: string, args: readonly string[], input = ''): Ran {
  if (!tools) throw new Error('SHIPPING_TOOLS is not set: it is the folder that .ci/tools prints');
  const { status, stdout, stderr, error } = spawnSync(join(tools, name), args, { input, encoding: 'utf8' });
  if (error) throw error;
  return { code: status, out: stdout + stderr };
}

/** Lints the chart with a file of values. */
export function lint(file: string): Ran {
  return runTool('helm', ['lint', '--strict', chart, '--kube-version', '1.34.0', '--values', file]);
}

/**
 * Renders the chart as release `leavers` in the namespace `it`.
 * @param values laid over those of the file
 * @throws with what Helm says, when it refuses
 */
export function render(file: string, values: object = {}): readonly Manifest[] {
  return parseAllDocuments(template(chart, file, values)).map((document) => document.toJS() as Manifest);
}

/** What Helm says after an install. It shows that where there is a cluster only, so a copy has it as an object. */
export function renderNotes(file: string, values: object): string {
  const copy = mkdtempSync(join(tmpdir(), 'offboard-bridge-'));
  try {
    cpSync(chart, copy, { recursive: true });
    const notes = join(copy, 'templates/NOTES.txt');
    const text = `{{- define "notes" }}${readFileSync(notes, 'utf8')}{{ end }}`;
    writeFileSync(join(copy, 'templates/_notes.tpl'), text);
    writeFileSync(join(copy, 'templates/notes.yaml'), 'notes: {{ include "notes" . | quote }}');
    rmSync(notes);
    return template(copy, file, values, '--show-only', 'templates/notes.yaml');
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function template(folder: string, file: string, values: object, ...more: readonly string[]): string {
  const release = ['template', 'leavers', folder, '--namespace', 'it', '--kube-version', '1.34.0'];
  const { code, out } = runTool('helm', [...release, '-f', file, '-f', '-', ...more], JSON.stringify(values));
  if (code !== 0) throw new Error(out);
  return out;
}

/** The one object of that kind. @throws when there is none or more than one */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...more] = manifests.filter((one) => one.kind === kind);
  if (!found || more.length > 0) throw new Error(`${found ? 'several' : 'no'} ${kind}`);
  return found;
}
