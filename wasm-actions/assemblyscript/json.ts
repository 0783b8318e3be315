/** A small JSON reader (RFC 8259) and what it takes to write JSON. `import { … } from "mailtrigger/json"`. */

export enum JsonKind {
  Null,
  Boolean,
  Number,
  Text,
  List,
  Object,
}

export class Json {
  kind: JsonKind = JsonKind.Null
  flag: bool = false
  number: f64 = 0
  text: string = ''
  /** The items of a list, or the values of an object. */
  items: Json[] = []
  /** The keys of an object, each beside its value. */
  keys: string[] = []

  /** The member of an object, or null when this is none or has none of that name. */
  get(key: string): Json | null {
    // The last of equal keys counts, as in JavaScript.
    for (let index = this.keys.length - 1; index >= 0; index--) {
      if (this.keys[index] == key) return this.items[index]
    }
    return null
  }

  /** The text of a member; empty when there is none or when it is no text. */
  getText(key: string): string {
    const member = this.get(key)
    return member !== null && member.kind == JsonKind.Text ? member.text : ''
  }

  /** The items of a member that is a list; none otherwise. */
  getItems(key: string): Json[] {
    const member = this.get(key)
    return member !== null && member.kind == JsonKind.List ? member.items : []
  }
}

/** Null when the text is no JSON, or nested deeper than 100 levels. */
export function parseJson(text: string): Json | null {
  const reader = new Reader(text)
  const value = reader.readValue(0)
  reader.skipSpace()
  return reader.failed || reader.at < text.length ? null : value
}

/** A text as JSON, quotes included. */
export function quote(text: string): string {
  let quoted = '"'
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x20 && code != quoteMark && code != backslash) continue
    quoted += text.substring(start, at) + escapeCode(code)
    start = at + 1
  }
  return quoted + text.substring(start) + '"'
}

export function quoteList(texts: string[]): string {
  return '[' + texts.map<string>((text) => quote(text)).join(',') + ']'
}

const depthMax = 100
const quoteMark = 0x22
const backslash = 0x5c

function escapeCode(code: i32): string {
  if (code == quoteMark) return '\\"'
  if (code == backslash) return '\\\\'
  return '\\u00' + (code < 16 ? '0' : '') + code.toString(16)
}

class Reader {
  at: i32 = 0
  failed: bool = false

  constructor(readonly text: string) {}

  readValue(depth: i32): Json {
    this.skipSpace()
    const value = new Json()
    const code = this.peek()
    if (depth > depthMax) this.failed = true
    else if (code == 0x7b) this.readObject(value, depth)
    else if (code == 0x5b) this.readList(value, depth)
    else if (code == quoteMark) {
      value.kind = JsonKind.Text
      value.text = this.readText()
    } else if (code == 0x2d || isDigit(code)) this.readNumber(value)
    else this.readWord(value)
    return value
  }

  skipSpace(): void {
    for (; ; this.at++) {
      const code = this.peek()
      if (code != 0x20 && code != 0x0a && code != 0x0d && code != 0x09) return
    }
  }

  private peek(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : -1
  }

  private take(code: i32): bool {
    if (this.peek() != code) return false
    this.at++
    return true
  }

  private readObject(value: Json, depth: i32): void {
    value.kind = JsonKind.Object
    this.at++
    this.skipSpace()
    if (this.take(0x7d)) return
    do {
      this.skipSpace()
      if (this.peek() != quoteMark) this.failed = true
      if (this.failed) return
      const key = this.readText()
      this.skipSpace()
      if (!this.take(0x3a)) this.failed = true
      if (this.failed) return
      value.keys.push(key)
      value.items.push(this.readValue(depth + 1))
      this.skipSpace()
    } while (!this.failed && this.take(0x2c))
    if (!this.take(0x7d)) this.failed = true
  }

  private readList(value: Json, depth: i32): void {
    value.kind = JsonKind.List
    this.at++
    this.skipSpace()
    if (this.take(0x5d)) return
    do {
      value.items.push(this.readValue(depth + 1))
      this.skipSpace()
    } while (!this.failed && this.take(0x2c))
    if (!this.take(0x5d)) this.failed = true
  }

  private readText(): string {
    let text = ""
    let start = ++this.at
    let code = this.peek()
    for (; code != quoteMark && code >= 0x20 && !this.failed; code = this.peek()) {
      if (code == backslash) {
        text += this.text.substring(start, this.at) + this.readEscape()
        start = this.at
      } else this.at++
    }
    if (code != quoteMark) this.failed = true
    if (this.failed) return ""
    return text + this.text.substring(start, this.at++)
  }

  private readEscape(): string {
    this.at++
    const code = this.peek()
    this.at++
    if (code == quoteMark || code == backslash || code == 0x2f) return String.fromCharCode(code)
    if (code == 0x6e) return '\n'
    if (code == 0x72) return '\r'
    if (code == 0x74) return '\t'
    if (code == 0x62) return '\b'
    if (code == 0x66) return '\f'
    if (code != 0x75) this.failed = true
    let unit = 0
    for (let digit = 0; digit < 4 && !this.failed; digit++, this.at++) unit = unit * 16 + this.hexDigit()
    return String.fromCharCode(unit)
  }

  private hexDigit(): i32 {
    const code = this.peek()
    if (isDigit(code)) return code - 0x30
    const lower = code | 0x20
    if (lower >= 0x61 && lower <= 0x66) return lower - 0x57
    this.failed = true
    return 0
  }

  private readNumber(value: Json): void {
    const start = this.at
    this.take(0x2d)
    if (!this.take(0x30)) this.readDigits()
    if (this.take(0x2e)) this.readDigits()
    if (this.take(0x65) || this.take(0x45)) {
      if (!this.take(0x2b)) this.take(0x2d)
      this.readDigits()
    }
    value.kind = JsonKind.Number
    if (!this.failed) value.number = parseFloat(this.text.substring(start, this.at))
  }

  private readDigits(): void {
    if (!isDigit(this.peek())) this.failed = true
    while (isDigit(this.peek())) this.at++
  }

  private readWord(value: Json): void {
    if (this.text.startsWith('null', this.at)) this.at += 4
    else if (this.text.startsWith('true', this.at) || this.text.startsWith('false', this.at)) {
      value.kind = JsonKind.Boolean
      value.flag = this.text.startsWith('true', this.at)
      this.at += value.flag ? 4 : 5
    } else this.failed = true
  }
}

function isDigit(code: i32): bool {
  return code >= 0x30 && code <= 0x39
}
