import type { Reading } from './normalise/reading.js'
import type { SourceNode } from './source.js'

/** Shorter values would blot out ordinary words wherever logs are cleaned of them; `api_key: none` is no secret. */
const secretLengthMin = 6

/** Remembers what a secret setting holds, and warns when it is written in the file itself. */
export function collectSecret(node: SourceNode, what: string, reading: Reading): void {
  if (node.type === 'list') for (const item of node.items) collectSecret(item, what, reading)
  if (node.type === 'map') for (const { node: inner } of node.entries.values()) collectSecret(inner, what, reading)
  if (node.type !== 'scalar' || node.value === null) return
  remember(String(node.value), reading)
  for (const { value } of node.pieces) remember(value, reading)
  if (node.pieces.length > 0 || String(node.value).length < secretLengthMin) return
  const hint = `write "\${VARIABLE}" or "\${file:/run/secrets/name}", and keep the value out of the file`
  reading.issues.warning('plaintext-secret', `${what} is written in the file`, node, hint)
}

/** For texts that are secret only as far as they come from outside, such as headers; also those further down. */
export function collectSubstituted(node: SourceNode, reading: Reading): void {
  if (node.type === 'list') for (const item of node.items) collectSubstituted(item, reading)
  if (node.type === 'map') for (const { node: inner } of node.entries.values()) collectSubstituted(inner, reading)
  if (node.type !== 'scalar' || node.pieces.length === 0) return
  remember(String(node.value), reading)
  for (const { value } of node.pieces) remember(value, reading)
}

/** An address that a variable is part of may be secret by itself, as those of webhooks are. */
export function collectAddresses(node: SourceNode, reading: Reading): void {
  if (node.type === 'list') for (const item of node.items) collectAddresses(item, reading)
  if (node.type === 'map') for (const { node: inner } of node.entries.values()) collectAddresses(inner, reading)
  if (node.type === 'scalar' && /^[a-z][a-z0-9+.-]*:\/\//i.test(String(node.value))) collectSubstituted(node, reading)
}

/** What comes from `${file:…}` is secret wherever it stands: that is what the form is for. */
export function collectFilePieces(root: SourceNode, reading: Reading): void {
  const pending: SourceNode[] = [root]
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === 'list') for (const item of node.items) pending.push(item)
    if (node.type === 'map') for (const entry of node.entries.values()) pending.push(entry.node)
    if (node.type !== 'scalar') continue
    for (const piece of node.pieces) if (piece.from === 'file') remember(piece.value, reading)
  }
}

function remember(value: string, reading: Reading): void {
  if (value.length >= secretLengthMin) reading.secrets.add(value)
}
