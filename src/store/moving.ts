import type { TrailEntry } from '../core/seal.ts';
import type { Row } from './rows.ts';

/** The store cannot be moved as it was asked for; the message says what to do. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused';
}

/** A table as it is moved: by its own columns, whatever they are. */
export interface MovedTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** The columns of its primary key; a table without one has one row, moved whole. */
  readonly key: readonly string[];
  /** How many rows a page may have, so that it stays small. */
  readonly pageSize: number;
}

/** The place in a table up to which it was moved: the values of its key. `null` = the start. */
export type Place = readonly unknown[] | null;

/** The store that is left; nobody else can have it open meanwhile. */
export interface MovingOut {
  readonly storeId: string;
  /** Names this move; stays with the store once it is left. */
  readonly moveId: string;
  readonly tables: readonly MovedTable[];
  /** From here on no bridge opens it, neither between two attempts nor after. */
  leave(): void;
  /** The rows past a place, in the order of the key. */
  page(table: MovedTable, after: Place): readonly Row[];
  count(table: MovedTable): number;
  /** The highest number that a table ever gave, by its name: pruned rows gave theirs, too. */
  numbers(): ReadonlyMap<string, number>;
  entriesAfter(position: number, limit: number): Promise<readonly TrailEntry[]>;
  close(): void;
}

/** The store that is moved to; no bridge opens it before the move is over. */
export interface MovingIn {
  /** Whether this very store was moved here before, to the end. */
  readonly isDone: boolean;
  placeOf(table: MovedTable): Promise<Place>;
  /** Writes a page and the place that it leads to, in one transaction. */
  write(table: MovedTable, rows: readonly Row[]): Promise<void>;
  count(table: MovedTable): Promise<number>;
  entriesAfter(position: number, limit: number): Promise<readonly TrailEntry[]>;
  /** Goes on with the numbers of the other store, and opens this one to bridges. */
  finish(numbers: ReadonlyMap<string, number>): Promise<void>;
  close(): Promise<void>;
}
