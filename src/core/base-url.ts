/** What speaks against an address to which credentials are sent, as the rest of a sentence about it, or `null`. */
export function baseUrlFault(written: string, example: string): string | null {
  const url = URL.parse(written);
  if (!url || !/^https?:$/.test(url.protocol)) return `is not a URL such as ${example}`;
  if (url.username || url.password || /[?#]/.test(written))
    return 'has more than scheme, host, port and path';
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  return url.protocol === 'https:' || isLoopback
    ? null
    : 'is not https: credentials go there, so http is only for loopback hosts';
}
