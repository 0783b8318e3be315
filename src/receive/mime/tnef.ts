import { decodeText } from './charset.js'

export interface TnefContent {
  subject: string
  text: string
  html: string
  files: { filename: string; contentType: string; content: Buffer }[]
}

const signature = 0x223e9f78
const elementsMax = 10_000
const filesMax = 100

/** Names of [MS-OXTNEF] 2.1.3.3. */
const attributes = {
  subject: 0x8004,
  body: 0x800c,
  attachData: 0x800f,
  attachTitle: 0x8010,
  attachStart: 0x9002,
  messageProperties: 0x9003,
  attachProperties: 0x9005,
  codePage: 0x9007,
}

/** Property ids of [MS-OXPROPS]. */
const properties = {
  subject: 0x0037,
  body: 0x1000,
  html: 0x1013,
  attachData: 0x3701,
  attachFilename: 0x3704,
  attachLongFilename: 0x3707,
  attachMimeTag: 0x370e,
}

/**
 * What Outlook packs into a `winmail.dat` instead of MIME: a text, HTML and the files. Reads as far as the bytes make
 * sense, and gives null when they are no TNEF. Text that is there as compressed RTF only is left out.
 */
export function readTnef(bytes: Buffer): TnefContent | null {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== signature) return null
  const content: TnefContent = { subject: '', text: '', html: '', files: [] }
  let charset = 'windows-1252'
  for (const { id, data } of readAttributes(bytes)) {
    const file = content.files.at(-1)
    if (id === attributes.codePage && data.length >= 4) charset = charsetOf(data.readUInt32LE(0))
    else if (id === attributes.subject) content.subject ||= toText(data, charset)
    else if (id === attributes.body) content.text ||= toText(data, charset)
    else if (id === attributes.messageProperties) takeMessageProperties(content, data, charset)
    else if (id === attributes.attachStart) {
      if (content.files.length >= filesMax) break
      content.files.push({ filename: '', contentType: 'application/octet-stream', content: Buffer.alloc(0) })
    } else if (file && id === attributes.attachTitle) file.filename ||= toText(data, charset)
    else if (file && id === attributes.attachData) file.content = data
    else if (file && id === attributes.attachProperties) takeFileProperties(file, data, charset)
  }
  return content
}

/** Level, id, type, length, data, checksum. A length beyond the end is the end of what can be read. */
function* readAttributes(bytes: Buffer): Generator<{ id: number; data: Buffer }> {
  let at = 6
  for (let count = 0; count < elementsMax && at + 11 <= bytes.length; count++) {
    const id = bytes.readUInt16LE(at + 1)
    const length = bytes.readUInt32LE(at + 5)
    const end = at + 9 + length
    if (end > bytes.length) return
    yield { id, data: bytes.subarray(at + 9, end) }
    at = end + 2
  }
}

function takeMessageProperties(content: TnefContent, data: Buffer, charset: string): void {
  for (const { id, type, value } of readProperties(data)) {
    const text = (): string => toText(value, type === unicodeString ? 'utf-16le' : charset)
    if (id === properties.subject) content.subject ||= text()
    else if (id === properties.body) content.text ||= text()
    else if (id === properties.html) content.html ||= text()
  }
}

function takeFileProperties(file: TnefContent['files'][number], data: Buffer, charset: string): void {
  for (const { id, type, value } of readProperties(data)) {
    const text = (): string => toText(value, type === unicodeString ? 'utf-16le' : charset)
    if (id === properties.attachLongFilename) file.filename = text() || file.filename
    else if (id === properties.attachFilename) file.filename ||= text()
    else if (id === properties.attachMimeTag && /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(text())) {
      file.contentType = text().toLowerCase()
    } else if (id === properties.attachData && file.content.length === 0) file.content = value
  }
}

const unicodeString = 0x001f
const variableTypes = new Set([0x000d, 0x001e, unicodeString, 0x0102])
const multiple = 0x1000
/** Bytes of a value, each padded to four ([MS-OXTNEF] 2.1.3.4). */
const fixedSizes: Record<number, number> = {
  2: 4,
  3: 4,
  4: 4,
  5: 8,
  6: 8,
  7: 8,
  10: 4,
  11: 4,
  20: 8,
  64: 8,
  72: 16,
}

/** Single values only; the others are passed over. Ends at the first type it does not know. */
function* readProperties(data: Buffer): Generator<{ id: number; type: number; value: Buffer }> {
  let at = 4
  for (let count = 0; count < elementsMax && at + 8 <= data.length; count++) {
    const type = data.readUInt16LE(at)
    const id = data.readUInt16LE(at + 2)
    at = id >= 0x8000 ? skipName(data, at + 4) : at + 4
    const size = fixedSizes[type & ~multiple]
    const isVariable = variableTypes.has(type & ~multiple)
    const isCounted = isVariable || (type & multiple) !== 0
    if ((size === undefined && !isVariable) || at + 4 > data.length) return
    const values = isCounted ? data.readUInt32LE(at) : 1
    if (isCounted) at += 4
    for (let index = 0; index < values; index++) {
      if (isVariable && at + 4 > data.length) return
      const length = size ?? data.readUInt32LE(at)
      const start = isVariable ? at + 4 : at
      if (start + length > data.length) return
      if (values === 1) yield { id, type, value: data.subarray(start, start + length) }
      at = start + Math.ceil(length / 4) * 4
    }
  }
}

/** A named property has its GUID and number, or GUID and name, before the value. */
function skipName(data: Buffer, at: number): number {
  if (at + 24 > data.length) return data.length
  const isNumber = data.readUInt32LE(at + 16) === 0
  return isNumber ? at + 24 : at + 24 + Math.ceil(data.readUInt32LE(at + 20) / 4) * 4
}

function toText(value: Buffer, charset: string): string {
  return decodeText(value, charset).replace(/\0+$/, '').replaceAll('\r\n', '\n')
}

/** Windows code pages have the numbers of their names; 65001 is UTF-8. */
function charsetOf(codePage: number): string {
  if (codePage === 65001) return 'utf-8'
  return codePage >= 1250 && codePage <= 1258 ? `windows-${codePage}` : `cp${codePage}`
}
