/**
 * Loaded before the bridge by `--import`: its wall clock goes on to the next of these shifts at every SIGUSR2. The
 * monotonic clock goes on as it is, as it does where somebody sets the time.
 */
const shiftsMs = [0, 2 * 3_600_000, -2 * 3_600_000];
const read = Date.now;
let turn = 0;

const shifted = (): number => read() + (shiftsMs[turn % shiftsMs.length] ?? 0);
Date.now = shifted;
globalThis.Date = new Proxy(Date, {
  construct: (target, args: unknown[]) => Reflect.construct(target, args.length === 0 ? [shifted()] : args),
});
process.on('SIGUSR2', () => {
  turn += 1;
});

export {};
