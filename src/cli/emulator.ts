import { once } from 'node:events';
import type { Command } from 'commander';
import { createEmulator, type Emulator, emulatorDefaults } from '../emulator/emulator.ts';
import { exampleUsers } from '../emulator/example-users.ts';
import { readPort } from './port.ts';
import type { Shell } from './shell.ts';

/** GenAuth's management API, emulated, until it is told to stop. It listens on loopback only. */
export function addEmulator(program: Command, shell: Shell): void {
  program
    .command('emulator')
    .description('run an emulated GenAuth to try the bridge against')
    .option('--port <number>', 'the port to listen on', readPort, 4100)
    .action(async ({ port }: { port: number }) => {
      const emulator = createEmulator();
      emulator.addUsers(exampleUsers);
      await emulator.start(port);
      shell.stdout.write(describe(emulator));
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await emulator.close();
    });
}

function describe(emulator: Emulator): string {
  const users = exampleUsers.map(({ userId, name, email }) => `  ${userId}  ${name} <${email}>`).join('\n');
  return `The GenAuth management API, emulated at ${emulator.url}

  accessKeyId      ${emulatorDefaults.accessKeyId}
  accessKeySecret  ${emulatorDefaults.accessKeySecret}
  userPoolId       ${emulatorDefaults.userPoolId}
  applications     ${emulator.applications.map(({ appId }) => appId).join(' ')}

${users}

Steer it:
  curl ${emulator.url}/__emulator/calls
  curl ${emulator.url}/__emulator/users
  curl -d '{"users":[{"userId":"7000000000000000000000a1","email":"eve@example.com","sessions":["app-mail"]}]}' \\
    ${emulator.url}/__emulator/users
  curl -d '{"calls":[{"kind":"rateLimit","endpoint":"kick-users","times":3}]}' ${emulator.url}/__emulator/faults
  curl -d '{"calls":[{"kind":"timeout","endpoint":"resign-user-batch","applied":true,"probability":0.2}]}' \\
    ${emulator.url}/__emulator/faults
  curl -d '{}' ${emulator.url}/__emulator/faults

Ctrl+C ends it.
`;
}
