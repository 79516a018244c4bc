export default {
  // The handler contract is for whoever writes a handler, not only for those that are here.
  entry: ['src/cli/*.ts', 'src/core/handler.ts'],
  project: ['src/**/*.ts', 'handlers/**/*.ts', 'test/**/*.ts'],
  ignoreExportsUsedInFile: true,
  // Of the Kafka that tests start: they are the machine's own.
  ignoreBinaries: ['java', 'mvn'],
};
