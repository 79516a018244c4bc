/**
 * The types of which an array is sent in PostgreSQL's binary format, and their numbers in its `pg_type.dat`. The driver's
 * own way, by text, takes twice the time here, and is read element by element there.
 */
const numbers = { text: 25, bigint: 20, integer: 23, smallint: 21 } as const;

export type ElementType = keyof typeof numbers;

const widths = { bigint: 8, integer: 4, smallint: 2 } as const;
const lengthBytes = 4;
/** In the place of the length. */
const absent = -1;

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(numbers, name);
}

/**
 * An array of one dimension as `array_recv` reads it; `null` and `undefined` are `null`.
 * @throws RangeError for a number that is not a whole one of that width
 */
export function encodeArray(type: ElementType, elements: readonly unknown[]): Buffer {
  return type === 'text' ? encodeTexts(elements) : encodeNumbers(type, elements);
}

function encodeTexts(elements: readonly unknown[]): Buffer {
  const texts = elements.map((element) => (isAbsent(element) ? null : String(element)));
  // Exactly as much as is needed: what Node takes from outside of its own heap has V8 collect everything more often.
  const size = texts.reduce(
    (sum, text) => sum + lengthBytes + (text === null ? 0 : Buffer.byteLength(text)),
    0,
  );
  const { bytes, start } = begin('text', texts.length, size);
  let end = start;
  for (const text of texts) {
    const length = text === null ? absent : bytes.write(text, end + lengthBytes);
    bytes.writeInt32BE(length, end);
    end += lengthBytes + Math.max(length, 0);
  }
  return bytes;
}

function encodeNumbers(type: keyof typeof widths, elements: readonly unknown[]): Buffer {
  const width = widths[type];
  const { bytes, start } = begin(type, elements.length, elements.length * (lengthBytes + width));
  let end = start;
  for (const element of elements) {
    bytes.writeInt32BE(isAbsent(element) ? absent : width, end);
    end += lengthBytes;
    if (!isAbsent(element)) end = writeWhole(bytes, Number(element), { at: end, width });
  }
  return bytes.subarray(0, end);
}

function isAbsent(element: unknown): element is null | undefined {
  return element === null || element === undefined;
}

/** Of a number of eight bytes the upper four are told from what a safe integer is without the lower. */
function writeWhole(
  bytes: Buffer,
  value: number,
  { at, width }: { readonly at: number; readonly width: 2 | 4 | 8 },
): number {
  const limit = 2 ** (8 * width - 1);
  if (!Number.isSafeInteger(value) || value < -limit || value >= limit) {
    throw new RangeError(`an array of whole numbers of ${width} bytes has something else`);
  }
  if (width === 2) return bytes.writeInt16BE(value, at);
  if (width === 4) return bytes.writeInt32BE(value, at);
  bytes.writeInt32BE(Math.floor(value / 2 ** 32), at);
  return bytes.writeUInt32BE(value >>> 0, at + 4);
}

/** Dimensions, whether there may be nulls, and the type; then the length and the first index of the only dimension. */
function begin(type: ElementType, length: number, size: number): { bytes: Buffer; start: number } {
  const header = length === 0 ? [0, 1, numbers[type]] : [1, 1, numbers[type], length, 1];
  const bytes = Buffer.allocUnsafe(header.length * 4 + size);
  let start = 0;
  for (const value of header) start = bytes.writeInt32BE(value, start);
  return { bytes, start };
}
