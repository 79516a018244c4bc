export default {
  entry: ['src/main.ts', 'src/cli/*.ts'],
  project: ['src/**/*.ts', 'handlers/**/*.ts', 'test/**/*.ts'],
  // `node` is the runtime that npm scripts find first; `typescript` and the rest are run by name.
  ignoreDependencies: ['node'],
};
