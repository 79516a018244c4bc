import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { createEmulator, emulatorDefaults } from '../emulator/emulator.ts';
import { exampleUsers } from '../emulator/example-users.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '4100' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write('--port must be a whole number from 0 to 65535\n');
  process.exit(2);
}

const emulator = createEmulator();
emulator.addUsers(exampleUsers);
await emulator.start(port);

const users = exampleUsers.map(({ userId, name, email }) => `  ${userId}  ${name} <${email}>`).join('\n');
process.stdout.write(`The GenAuth management API, emulated at ${emulator.url}

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
`);

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await emulator.close();
