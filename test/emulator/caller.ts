import { emulatorDefaults } from '../../src/emulator/emulator.ts';

/** A plain caller that owes nothing to the client of `src/management-api`. */
export interface Caller {
  /** Calls with a token of its own; a GET has its parameters in the path. */
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<ApiReply>;
  token(): Promise<string>;
}

export interface ApiReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly statusCode?: number;
    readonly apiCode?: number;
    readonly message?: string;
    readonly data?: unknown;
    readonly [field: string]: unknown;
  };
}

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export async function request(url: string, init: HttpRequest = {}): Promise<ApiReply> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
}

export function createCaller(url: () => string): Caller {
  let token: string | null = null;

  async function fetchToken(): Promise<string> {
    const { accessKeyId, accessKeySecret } = emulatorDefaults;
    const body = JSON.stringify({ accessKeyId, accessKeySecret });
    const reply = await request(`${url()}/api/v3/get-management-token`, { method: 'POST', body });
    return (reply.body.data as { access_token: string }).access_token;
  }

  return {
    token: fetchToken,
    async call(method, path, body) {
      token ??= await fetchToken();
      const headers = {
        authorization: token,
        'x-authing-userpool-id': emulatorDefaults.userPoolId,
        'x-authing-lang': 'en-US',
      };
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      return request(`${url()}/api/v3/${path}`, { method, headers, ...init });
    },
  };
}
