// A page of documentation that is typed into one shell, block by block, in its order. The rules, and there are no others:
//   sh [exits N]     ends with N (0 unless told) and prints the `text` block behind it; nothing is asked of its output where there is none
//   sh eventually    the same, typed again until it does: files are watched, and the record arrives, a moment later
//   text             belongs to the block before it; `…` stands for anything within a line, and a line of `…` for lines
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { spawn, type ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { blocksOf } from './docs.ts'
import { eventually } from './gateway.ts'
import { ROOT } from './copy.ts'

/** Where pages work; a test has its own place. */
const FOLDER = '/tmp/my-gateway'

interface Result {
  readonly status: number
  readonly output: string
}

/**
 * The tests of a page, in the suite that calls it. `page`: below the repository's root. `environment`: variables that the page leaves open, such as
 * ports, asked for when the tests begin.
 */
export function testTypedPage(page: string, environment: () => Promise<{ readonly [name: string]: string }>): void {
  const blocks = blocksOf(join(ROOT, page))
  let folder: string
  let shell: ChildProcess
  let printed = ''
  let count = 0

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-page-'))
    const env = { ...process.env, ...(await environment()), NO_COLOR: '1' }
    shell = spawn('bash', [], { cwd: ROOT, env, detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
    shell.stdout!.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    // As in a shell that somebody types into.
    shell.stdin!.write('shopt -s expand_aliases\n')
  })
  after(async () => {
    if (shell.exitCode === null) {
      const ended = once(shell, 'exit')
      process.kill(-shell.pid!, 'SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  })

  const type = async (text: string): Promise<Result> => {
    const id = count++
    const script = join(folder, `${id}.sh`)
    const output = join(folder, `${id}.txt`)
    writeFileSync(script, text.replaceAll(FOLDER, join(folder, 'my-gateway')))
    shell.stdin!.write(`. '${script}' > '${output}' 2>&1; echo "done ${id} $?"\n`)
    const status = await eventually(() => Promise.resolve(new RegExp(`^done ${id} (\\d+)$`, 'm').exec(printed)?.[1]))
    return { status: Number(status), output: readFileSync(output, 'utf8') }
  }

  for (const [i, { language, info, text, line }] of blocks.entries()) {
    if (language !== 'sh') continue
    const next = blocks[i + 1]
    const expected = next?.language === 'text' && next.follows ? next.text : null
    it(`line ${line}: ${text.slice(0, text.indexOf('\n'))}`, async () => {
      const status = info[0] === 'exits' ? Number(info[1]) : 0
      const isRight = (result: Result): boolean =>
        result.status === status && (expected === null || patternOf(expected).test(result.output))
      let last = await type(text)
      if (info[0] === 'eventually' && !isRight(last)) {
        const again = async (): Promise<boolean> => isRight((last = await type(text)))
        await eventually(again).catch(() => {})
      }
      assert.ok(isRight(last), `ended with ${last.status}, expected ${status}:\n${last.output}\nexpected:\n${expected ?? 'anything'}`)
    })
  }

  it('left nothing behind', () => assert.ok(!existsSync(join(folder, 'my-gateway'))))

  it('has no block that no rule covers, and names files that exist', () => {
    assert.ok(blocks.length > 10)
    for (const [i, { language, info, follows, line }] of blocks.entries()) {
      assert.match(`${language} ${info.join(' ')}`.trim(), /^(sh|sh exits \d|sh eventually|text)$/, `line ${line}`)
      if (language === 'text') assert.ok(follows && blocks[i - 1]!.language === 'sh', `line ${line}`)
    }
    for (const [, link] of readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(((?!https?:|#)[^)#]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(join(ROOT, 'docs', link!)), link)
  })
}

/** `…` is anything within a line; a line of `…` alone is any number of lines. */
function patternOf(expected: string): RegExp {
  const lines = expected.split('\n').slice(0, -1)
  const source = lines.map((line) =>
    line === '…'
      ? '(?:.*\\n)*?'
      : `${line
          .split('…')
          .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('.*')}\\n`,
  )
  return new RegExp(`^${source.join('')}$`)
}
