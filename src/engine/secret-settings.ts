/** Settings as a person enters them: JSON. */
export type Settings = Record<string, unknown>

/**
 * Takes the secret settings out, by their dotted names; what is left may be read by anybody who may read the store.
 * The settings that are given stay as they are.
 */
export function splitSecrets(settings: Settings, paths: readonly string[]): { open: Settings; secrets: Settings } {
  const secrets: Settings = {}
  let open = settings
  for (const path of paths) {
    const value = readPath(settings, path.split('.'))
    if (value === undefined) continue
    secrets[path] = value
    open = withoutPath(open, path.split('.'))
  }
  return { open, secrets }
}

/** Puts secrets back where they belong. */
export function joinSecrets(open: Settings, secrets: Settings): Settings {
  return Object.entries(secrets).reduce((settings, [path, value]) => withPath(settings, path.split('.'), value), open)
}

export function isMap(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A change of settings (RFC 7396, JSON Merge Patch): maps are merged, null takes out, everything else replaces.
 */
export function mergePatch(settings: Settings, patch: Settings): Settings {
  const merged = new Map(Object.entries(settings))
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) merged.delete(key)
    else if (isMap(change)) merged.set(key, mergePatch(mapAt(merged.get(key)), change))
    else merged.set(key, change)
  }
  return Object.fromEntries(merged)
}

export function readPath(settings: Settings, [key = '', ...rest]: string[]): unknown {
  const value = Object.hasOwn(settings, key) ? settings[key] : undefined
  if (rest.length === 0) return value
  return isMap(value) ? readPath(value, rest) : undefined
}

export function withPath(settings: Settings, [key = '', ...rest]: string[], value: unknown): Settings {
  const inner = rest.length === 0 ? value : withPath(mapAt(settings[key]), rest, value)
  return { ...settings, [key]: inner }
}

function withoutPath(settings: Settings, [key = '', ...rest]: string[]): Settings {
  const { [key]: value, ...others } = settings
  return rest.length === 0 ? others : { ...others, [key]: withoutPath(mapAt(value), rest) }
}

function mapAt(value: unknown): Settings {
  return isMap(value) ? value : {}
}
