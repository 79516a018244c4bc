export default {
  // The handler contract is for whoever writes a handler, not only for those that are here.
  entry: ['src/cli/*.ts', 'test/bench/bare-app.ts', 'src/core/handler.ts', 'console/app.js'],
  project: ['src/**/*.ts', 'handlers/**/*.ts', 'test/**/*.ts', 'console/*.js'],
  ignoreExportsUsedInFile: true,
  // The types with which objects of the chart are compared; test/shipping names them in text that tsc reads.
  ignoreDependencies: ['@kubernetes-models/*'],
  // Of the Kafka that tests start: they are the machine's own.
  ignoreBinaries: ['java', 'mvn', 'unshare'],
};
