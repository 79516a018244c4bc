/** A value of data, read-only to its depth. */
export type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Freezes lists and mappings to their depth; other objects, such as a handler's keys, and exceptions stay as they are. */
export function deepFreeze<T>(value: T, exceptions: ReadonlySet<unknown>): T {
  if (exceptions.has(value) || !(Array.isArray(value) || isPlainObject(value))) return value;
  for (const item of Object.values(value)) deepFreeze(item, exceptions);
  return Object.freeze(value);
}
