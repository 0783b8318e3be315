import type { TestResult } from './test.js'

/** Test results in the form build servers read. */
export function formatJunit(results: TestResult[]): string {
  const failures = results.filter((result) => result.problems.length > 0).length
  const cases = results.map((result) => {
    const head = `  <testcase classname="${escapeXml(result.file)}" name="${escapeXml(result.name)}" time="${(result.durationMs / 1_000).toFixed(3)}"`
    if (result.problems.length === 0) return `${head}/>`
    const problems = result.problems.join('\n')
    return `${head}>\n    <failure message="${escapeXml(result.problems[0] ?? '')}">${escapeXml(problems)}</failure>\n  </testcase>`
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="mailtrigger route tests" tests="${results.length}" failures="${failures}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n')
}

/** Characters XML 1.0 cannot hold, not even escaped, are dropped. */
function escapeXml(text: string): string {
  return [...text]
    .filter((character) => character >= ' ' || character === '\n' || character === '\t')
    .join('')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
}
