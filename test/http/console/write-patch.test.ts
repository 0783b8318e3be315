import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writePatch } from '#src/http/console/write-patch.js'

const lines = (count: number, change: (at: number) => string[]): string =>
  `${Array.from({ length: count }, (_, at) => change(at))
    .flat()
    .join('\n')}\n`
const plain = lines(2_000, (at) => [`line ${at}`])

const hasPatch = spawnSync('patch', ['--version']).status === 0

describe('a patch', () => {
  it.runIf(hasPatch).each([
    ['one changed line', plain, lines(2_000, (at) => [at === 900 ? 'other' : `line ${at}`])],
    [
      'two places',
      plain,
      lines(2_000, (at) => (at === 3 ? [] : at === 1_990 ? ['more', `line ${at}`] : [`line ${at}`])),
    ],
    ['the first and the last line', plain, `first\n${plain}last\n`],
    ['a whole file that is another', plain, lines(1_500, (at) => [`new ${at}`])],
    ['a file that was empty', '', 'a\nb\n'],
    ['signs and letters', 'a: "$x"\n# 中文\nb: 1\n', 'a: "$x"\n# 磁碟\nb: 1\nc: 2\n'],
  ])('of %s is taken by patch(1)', (_, before, after) => {
    const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-patch-'))
    writeFileSync(join(folder, 'routes.yaml'), before)
    const { status, stdout } = spawnSync('patch', ['-p1'], {
      cwd: folder,
      input: writePatch(before, after, 'routes.yaml'),
    })
    expect(String(stdout)).not.toContain('FAILED')
    expect(status).toBe(0)
    expect(readFileSync(join(folder, 'routes.yaml'), 'utf8')).toBe(after)
    rmSync(folder, { recursive: true })
  })

  it('of nothing is empty, and shows three lines around a change', () => {
    expect(writePatch(plain, plain, 'a')).toBe('')
    const patch = writePatch('1\n2\n3\n4\n5\n6\n7\n8\n9\n', '1\n2\n3\n4\nx\n6\n7\n8\n9\n', 'a')
    expect(patch).toBe('--- a/a\n+++ b/a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n')
  })
})
