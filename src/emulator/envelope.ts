/** What an endpoint says, before it is put into the envelope and a language. */
export interface ApiAnswer {
  readonly statusCode: number;
  readonly apiCode: number | null;
  readonly word: Word;
  /** The field that is malformed. */
  readonly field?: string;
  readonly data?: unknown;
  /** Whether the call changed, or would have changed, a user: an act that was carried out at least in part. */
  readonly applied: boolean;
  /** The statuses that a look shows, by user id. */
  readonly looks?: Readonly<Record<string, string>>;
}

const words = {
  success: ['操作成功', 'Success'],
  malformed: ['参数 {field} 格式错误', 'Parameter {field} is malformed'],
  user_not_found: ['用户不存在', 'User not found'],
  app_not_found: ['应用不存在', 'Application not found'],
  not_allowed: ['当前状态不允许此操作', 'This operation is not allowed'],
  not_logged_in: ['尚未登录', 'Not logged in'],
  wrong_credentials: ['密钥错误', 'Wrong credentials'],
  pool_not_found: ['用户池不存在', 'User pool not found'],
  bad_signature: ['签名错误', 'Wrong signature'],
  signature_method: ['签名方法错误', 'Wrong signature method'],
  signature_version: ['签名版本错误', 'Wrong signature version'],
  date_malformed: ['签名时间格式错误', 'Malformed signature date'],
  date_missing: ['缺少 date 请求头', 'Missing date header'],
  date_skewed: ['签名时间偏差过大', 'Signature date too far off'],
  nonce_used: ['签名已被使用', 'Signature already used'],
  forbidden: ['无权限', 'Forbidden'],
  throttled: ['请求过于频繁', 'Too many requests'],
  too_large: ['请求体过大', 'Request body too large'],
  server_error: ['服务器错误', 'Server error'],
} as const satisfies Record<string, readonly [chinese: string, english: string]>;

export type Word = keyof typeof words;

/** A word in the language of `x-authing-lang`: English for `en-US`, else Chinese, the service's default. */
function messageOf(word: Word, language: string | undefined, field = ''): string {
  return words[word][language === 'en-US' ? 1 : 0].replace('{field}', field);
}

export function succeed(data: unknown, more: Partial<ApiAnswer> = {}): ApiAnswer {
  return { statusCode: 200, apiCode: null, word: 'success', data, applied: false, ...more };
}

export function fail(statusCode: number, word: Word, more: Partial<ApiAnswer> = {}): ApiAnswer {
  return { statusCode, apiCode: null, word, applied: false, ...more };
}

/** The documented envelope, as JSON. */
export function envelopeOf(answer: ApiAnswer, requestId: string, language: string | undefined): string {
  const { statusCode, apiCode, word, field, data } = answer;
  const message = messageOf(word, language, field);
  return JSON.stringify({ statusCode, message, apiCode: apiCode ?? undefined, requestId, data });
}
