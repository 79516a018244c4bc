/** One measured figure; `npm run bench` prints it as a line. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** At least. */
  readonly target: number;
  /** For `bench.json`. */
  readonly details: object;
}
