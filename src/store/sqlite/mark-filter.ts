/** Which marks may be in use (a Bloom filter): those that it does not have are not. */
export interface MarkFilter {
  add(mark: string): void;
  mayHave(mark: string): boolean;
}

/** 4 MB. With the marks of a million intents in it, one in a hundred of all others is taken for one of them. */
const bits = 2 ** 25;
const hashes = 4;
/** A mark is a digest in base64url, so that so many of its characters are a hash by themselves: 30 bits of it. */
const charactersPerHash = 5;

export function createMarkFilter(): MarkFilter {
  const words = new Uint32Array(bits / 32);

  return {
    add(mark) {
      for (let hash = 0; hash < hashes; hash += 1) {
        const place = placeOf(mark, hash);
        words[place >>> 5] = (words[place >>> 5] ?? 0) | (1 << (place & 31));
      }
    },
    mayHave(mark) {
      for (let hash = 0; hash < hashes; hash += 1) {
        const place = placeOf(mark, hash);
        if (((words[place >>> 5] ?? 0) & (1 << (place & 31))) === 0) return false;
      }
      return true;
    },
  };
}

const values = new Uint8Array(128);
for (const [value, character] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
].entries()) {
  values[character.charCodeAt(0)] = value;
}

function placeOf(mark: string, hash: number): number {
  let place = 0;
  const end = (hash + 1) * charactersPerHash;
  for (let at = hash * charactersPerHash; at < end; at += 1) {
    place = (place << 6) | (values[mark.charCodeAt(at)] ?? 0);
  }
  return place & (bits - 1);
}
