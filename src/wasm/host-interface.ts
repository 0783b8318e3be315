/** The host functions a guest may import, by namespace. Hardening refuses every other import; the child offers these. */

/** What every Extism host offers, at the addresses Extism's own kernel gives. */
export const extismNamespace = 'extism:host/env'
export const extismFunctions: ReadonlySet<string> = new Set([
  'alloc',
  'config_get',
  'error_set',
  'free',
  'get_log_level',
  'http_headers',
  'http_request',
  'http_status_code',
  'input_length',
  'input_load_u64',
  'input_load_u8',
  'input_offset',
  'length',
  'length_unsafe',
  'load_u64',
  'load_u8',
  'log_debug',
  'log_error',
  'log_info',
  'log_trace',
  'log_warn',
  'output_set',
  'store_u64',
  'store_u8',
  'var_get',
  'var_set',
])

export const mailtriggerNamespace = 'mailtrigger'
/** `(i64) -> i64`: a pointer to a JSON array of arguments in, a pointer to `{"ok":…}` or `{"error":"…"}` out. */
export const mailtriggerCalls = [
  'db_query',
  'db_exec',
  'mail_search',
  'mail_get',
  'people_get',
  'http',
  'notify',
] as const
export type MailtriggerCall = (typeof mailtriggerCalls)[number]
export const mailtriggerFunctions: ReadonlySet<string> = new Set(['now_ms', 'random', ...mailtriggerCalls])

/** What toolchains import for WASI preview 1, and the name it is renamed to, so that only our shim can answer. */
export const wasiNamespace = 'wasi_snapshot_preview1'
export const wasiShimNamespace = 'mailtrigger:wasi'

export const guestExports = { handle: 'action', match: 'condition', run: 'job' } as const
export type GuestExport = keyof typeof guestExports

/** The custom section in which a module built from a script carries its source map, for errors. */
export const sourceMapSection = 'mailtrigger:source-map'
