import type { Config } from '../config.ts';
import type { FindLookup } from '../dispatcher/lookup.ts';
import { createVendorHttp } from '../dispatcher/vendor-http.ts';

/** All the requests of one look-up together, in milliseconds. */
const longestLookupMs = 20_000;

/** The look-ups of the configured sources. */
export function sourceLookups({ sources }: Config): { find: FindLookup; longestLookupMs: number } {
  const find: FindLookup = (id) => {
    const source = Object.hasOwn(sources, id) ? sources[id] : undefined;
    const lookup = source?.handler.lookup;
    if (!source || !lookup || Object(source.settings).lookup === undefined) return null;
    return (reference) => lookup(reference, source.settings, createVendorHttp(longestLookupMs));
  };
  const isWanted = Object.keys(sources).some((id) => find(id) !== null);
  return { find, longestLookupMs: isWanted ? longestLookupMs : 0 };
}
