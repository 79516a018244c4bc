import { InvalidArgumentError } from 'commander';

/** @returns the port; 0 = any free one */
export function readPort(written: string): number {
  const port = Number(written);
  if (/^\d{1,5}$/.test(written) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
