/** Moving a store is of the store alone; this is where the commands get at it. */
export { type MoveProgress, MoveRefused, type MoveReport, moveStore } from '../store/move.ts';
