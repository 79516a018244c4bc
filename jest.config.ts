/** Runs the TypeScript as ES modules, as Node itself does; `swc` only strips the types. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
};

/** Several projects, because Jest runs a project's setup only when one of its tests is run: no server starts for others. */
export default {
  testTimeout: 20_000,
  projects: [
    {
      ...base,
      displayName: 'bridge',
      testMatch: ['<rootDir>/test/**/*.test.ts', '!**/*.{kafka,postgres}.test.ts'],
    },
    {
      ...base,
      displayName: 'kafka',
      testMatch: ['<rootDir>/test/**/*.kafka.test.ts'],
      globalSetup: '<rootDir>/test/support/kafka/setup.ts',
      globalTeardown: '<rootDir>/test/support/kafka/teardown.ts',
    },
    {
      ...base,
      displayName: 'postgres',
      testMatch: ['<rootDir>/test/**/*.postgres.test.ts'],
      globalSetup: '<rootDir>/test/support/postgres/setup.ts',
      globalTeardown: '<rootDir>/test/support/postgres/teardown.ts',
    },
  ],
};
