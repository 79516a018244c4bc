import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { handlers } from '../../handlers/index.ts';
import { stopDeadlineMs } from '../../src/cli/serve.ts';
import { parseConfig } from '../../src/config.ts';
import { emulatorDefaults } from '../../src/emulator/emulator.ts';
import { optionsOfStart } from '../e2e/process.ts';
import { describeWithTools, root, runTool } from './tools.ts';

const read = (name: string): string => readFileSync(join(root, name), 'utf8');

interface Composition {
  readonly services: {
    readonly bridge: {
      readonly environment: Readonly<Record<string, string>>;
      readonly stop_grace_period: string;
    };
  };
  readonly configs: { readonly bridge: { readonly content: string } };
}

describeWithTools('the image', () => {
  it('passes hadolint', () => {
    expect(runTool('hadolint', [join(root, 'Dockerfile')])).toEqual({ code: 0, out: '' });
    expect(runTool('hadolint', ['-'], 'FROM node\nRUN cd /tmp\n').code).not.toBe(0);
  });
});

describe('the Dockerfile', () => {
  it('bears the version of the package, and takes the Node.js that the tests run on', () => {
    const { version, devDependencies } = JSON.parse(read('package.json'));
    expect(read('Dockerfile')).toContain(`ARG VERSION=${version}\n`);
    expect(read('Dockerfile')).toContain(`ARG NODE_IMAGE=node:${devDependencies.node}-`);
    expect(parseYaml(read('charts/offboard-bridge/Chart.yaml'))).toMatchObject({
      version,
      appVersion: version,
    });
  });

  it('starts the bridge as `npm start` does', () => {
    const [, command = '[]'] = /^ENTRYPOINT (.*)$/m.exec(read('Dockerfile')) ?? [];
    expect(JSON.parse(command)).toEqual(['node', ...optionsOfStart.split(' '), '/app/dist/src/main.js']);
  });
});

describeWithTools('compose.yaml', () => {
  it('is what the Compose Specification allows', () => {
    const schema = ['--builtin-schema', 'vendor.compose-spec'];
    expect(runTool('check-jsonschema', [...schema, join(root, 'compose.yaml')])).toMatchObject({ code: 0 });
  });
});

describe('the configuration in compose.yaml', () => {
  it('is taken by the bridge, fits the emulator, and leaves it the time to stop', () => {
    const { services, configs } = parseYaml(read('compose.yaml')) as Composition;
    const { environment, stop_grace_period } = services.bridge;
    const config = parseConfig(configs.bridge.content.replaceAll('$$', '$'), { env: environment, handlers });
    expect(config.genauth).toMatchObject({
      accessKeyId: emulatorDefaults.accessKeyId,
      accessKeySecret: emulatorDefaults.accessKeySecret,
    });
    expect(Number.parseInt(stop_grace_period, 10) * 1_000).toBeGreaterThan(stopDeadlineMs);
  });
});
