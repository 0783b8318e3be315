/** The part of a source map (ECMA-426) that error positions need. Positions count from 1, as people and stacks do. */
export interface SourceMap {
  sources: string[]
  mappings: string
}

export interface SourcePosition {
  source: string
  line: number
  column: number
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const digitBits = 5
const continuation = 1 << digitBits

/** Where a position of the generated text comes from, or null where it comes from nowhere. */
export function findSource(map: SourceMap, line: number, column: number): SourcePosition | null {
  let sourceIndex = 0
  let sourceLine = 0
  let sourceColumn = 0
  let found: SourcePosition | null = null
  const lines = map.mappings.split(';')
  for (let index = 0; index < Math.min(line, lines.length); index++) {
    let generatedColumn = 0
    for (const segment of (lines[index] ?? '').split(',')) {
      const [columnStep, sourceStep, lineStep, sourceColumnStep] = decodeNumbers(segment)
      if (columnStep === undefined) continue
      generatedColumn += columnStep
      if (sourceStep === undefined || lineStep === undefined || sourceColumnStep === undefined) continue
      sourceIndex += sourceStep
      sourceLine += lineStep
      sourceColumn += sourceColumnStep
      const source = map.sources[sourceIndex]
      if (index === line - 1 && generatedColumn <= column - 1 && source !== undefined) {
        found = { source, line: sourceLine + 1, column: sourceColumn + 1 }
      }
    }
  }
  return found
}

/** Base64 VLQ: five bits a digit, the sign in the lowest bit of the first. */
function decodeNumbers(segment: string): number[] {
  const numbers: number[] = []
  let value = 0
  let shift = 0
  for (const digit of segment) {
    const bits = digits.indexOf(digit)
    if (bits < 0) return []
    value += (bits & (continuation - 1)) * 2 ** shift
    shift += digitBits
    if ((bits & continuation) === 0) {
      numbers.push(value % 2 === 1 ? -((value - 1) / 2) : value / 2)
      value = 0
      shift = 0
    }
  }
  return numbers
}
