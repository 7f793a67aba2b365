// `policy check` for code hosts and on terminals: SARIF, configured policies, colours, carets below wide characters.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { paintFor, screen, wrap } from '../../../core/cli/policy-output.ts'
import { diagnosticsToSarif, renderDiagnostics, widthOf } from '../../../core/policy/toolbox.ts'
import { runWarmCli } from '../../support/warm.ts'

interface Sarif {
  readonly $schema: string
  readonly version: string
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string
        readonly version: string
        readonly rules: readonly { readonly id: string; readonly shortDescription: { readonly text: string } }[]
      }
    }
    readonly columnKind: string
    readonly results: readonly {
      readonly ruleId: string
      readonly ruleIndex: number
      readonly level: string
      readonly message: { readonly text: string }
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string }
          readonly region: { readonly [side: string]: number }
        }
      }[]
      readonly relatedLocations?: readonly { readonly id: number; readonly message: { readonly text: string } }[]
    }[]
  }[]
}

const BAD = 'policy a.b "x" {\n  on request\n  when tenant.regoin == "eu"\n  deny "a.b"\n}\n'

describe('sallyport policy check', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-check-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const failure = async (...args: string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> => {
    try {
      await runWarmCli(['policy', ...args], { cwd: folder })
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string }
    }
    throw new Error('it should have failed')
  }

  it('--format sarif: a log of SARIF 2.1.0 with everything that its schema asks for', async () => {
    writeFileSync(join(folder, 'bad name.policy'), BAD)
    const { code, stdout } = await failure('check', 'bad name.policy', '--format', 'sarif')
    assert.equal(code, 1)
    const log = JSON.parse(stdout) as Sarif
    assert.equal(log.version, '2.1.0')
    assert.match(log.$schema, /sarif-2\.1\.0\.json$/)
    const [run] = log.runs
    assert.equal(run?.tool.driver.name, 'sallyport')
    assert.equal(run.columnKind, 'utf16CodeUnits')
    const [result, ...more] = run.results
    assert.ok(result)
    assert.deepEqual(more, [])
    assert.equal(run.tool.driver.rules[result.ruleIndex]?.id, result.ruleId)
    assert.ok(run.tool.driver.rules.every(({ shortDescription }) => shortDescription.text.length > 0))
    assert.deepEqual([result.ruleId, result.level], ['P104', 'error'])
    assert.match(result.message.text, /tenant\.regoin.*\nDid you mean/s)
    const { artifactLocation, region } = result.locations[0]!.physicalLocation
    assert.equal(artifactLocation.uri, 'bad%20name.policy')
    assert.deepEqual(region, { startLine: 3, startColumn: 8, endLine: 3, endColumn: 21 })
  })

  it('--format sarif: warnings, notes and other places', () => {
    const span = (start: number, end: number) => ({ file: '/srv/a.policy', start, end })
    const log = diagnosticsToSarif(
      [
        { code: 'P121', severity: 'warning', message: 'm', span: span(0, 2) },
        { code: 'P101', severity: 'info', message: 'n', span: span(3, 4), related: [{ span: span(0, 1), message: 'first' }] },
      ],
      [{ path: '/srv/a.policy', text: 'ab\ncd' }],
      '1.0.0',
    ) as Sarif
    const { results, tool } = log.runs[0]!
    assert.deepEqual(
      results.map(({ level }) => level),
      ['warning', 'note'],
    )
    assert.deepEqual(
      tool.driver.rules.map(({ id }) => id),
      ['P101', 'P121'],
    )
    assert.equal(results[0]!.locations[0]!.physicalLocation.artifactLocation.uri, 'file:///srv/a.policy')
    assert.deepEqual(
      results[1]!.relatedLocations?.map(({ id, message }) => [id, message.text]),
      [[0, 'first']],
    )
  })

  it('--format sarif: no finding is a log without results', async () => {
    writeFileSync(
      join(folder, 'good.policy'),
      'policy a.b "x" {\n  on request\n  deny "a.b"\n}\ntest "t" {\n  message user "x"\n  expect deny "a.b"\n}\n',
    )
    const log = JSON.parse(await runWarmCli(['policy', 'check', 'good.policy', '--format', 'sarif'], { cwd: folder })) as Sarif
    assert.ok(log.runs[0]!.results.every(({ level }) => level !== 'error'))
  })

  it('takes the policies of the configuration where no path is named', async () => {
    mkdirSync(join(folder, 'own'))
    writeFileSync(join(folder, 'own/bad.policy'), BAD)
    writeFileSync(join(folder, 'sallyport.yaml'), 'policies: { standard: false, paths: [ ./own ] }\n')
    const { code, stdout } = await failure('check', '--config', 'sallyport.yaml')
    assert.equal(code, 1)
    assert.match(stdout, /P104/)
    // That of the folder needs no name.
    const own = await failure('check')
    assert.deepEqual([own.code, own.stdout], [1, stdout])
    rmSync(join(folder, 'sallyport.yaml'))
    const bare = await failure('check')
    assert.equal(bare.code, 2)
    assert.match(bare.stderr, /name policy files or folders, or a configuration with --config/)
  })
})

describe('terminals', () => {
  const shown = (text: string, part: string, columns?: number): readonly string[] => {
    const start = text.indexOf(part)
    const diagnostic = { code: 'P999', severity: 'error' as const, message: 'm', span: { file: 'a', start, end: start + part.length } }
    const all = renderDiagnostics([diagnostic], [{ path: 'a', text }], { colour: false, ...(columns === undefined ? {} : { columns }) })
    return all.split('\n').slice(3, 5)
  }
  /** The caret run must begin and end in the columns of what is meant. */
  const assertBelow = ([line, carets]: readonly string[], part: string): void => {
    const at = line!.indexOf(part)
    assert.ok(at > 0, line)
    assert.equal(carets!.indexOf('^'), widthOf(line!.slice(0, at)))
    assert.equal(carets!.length, widthOf(line!.slice(0, at + part.length)))
  }

  for (const before of [
    'when x == "中文（全角）"',
    'when x == "한국어"',
    'when x == "ｶﾀｶﾅ カタカナ"',
    'when x == "🙂❤️é"',
    'when x == "ï"',
  ]) {
    it(`keeps carets in place behind ${before}`, () => assertBelow(shown(`${before} and tenant.regoin`, 'tenant.regoin'), 'tenant.regoin'))
  }
  it('counts an East Asian wide character as two columns, a half-width one as one', () => {
    assert.deepEqual(['中', 'あ', '한', '（', 'ｶ', 'é', '🙂', '❤️'].map(widthOf), [2, 2, 2, 2, 1, 1, 2, 2])
  })
  it('marks a wide text with as many carets as it has columns', () => {
    assert.equal(shown('x "本部" y', '"本部"')[1]!.replace('|', '').trim(), '^^^^^^')
  })

  it('cuts a line to the columns of the terminal, around what is meant', () => {
    for (const filler of ['x'.repeat(300), '本'.repeat(200)]) {
      const lines = shown(`${filler} here ${filler}`, 'here', 80)
      assertBelow(lines, 'here')
      assert.ok(
        lines.every((line) => widthOf(line) <= 80),
        lines.join('\n'),
      )
    }
    const long = shown(`a ${'本'.repeat(300)}`, `${'本'.repeat(300)}`, 60)
    assert.ok(long.every((line) => widthOf(line) <= 62))
  })

  it('wraps at spaces and never within backticks', () => {
    assert.deepEqual(wrap('it needs `given a = "b c"` now', 12), ['it needs', '`given a = "b c"`', 'now'])
  })

  it('has no colour in a pipe, and none where NO_COLOR is set', () => {
    const { isTTY } = process.stdout
    const before = process.env['NO_COLOR']
    try {
      process.stdout.isTTY = true
      delete process.env['NO_COLOR']
      assert.equal(screen().colour, true)
      assert.ok(screen().columns)
      process.env['NO_COLOR'] = '1'
      assert.equal(screen().colour, false)
      assert.ok(screen().columns, 'a table needs no colour')
      process.stdout.isTTY = false
      assert.deepEqual(screen(), { colour: false, columns: null })
    } finally {
      process.stdout.isTTY = isTTY
      if (before === undefined) delete process.env['NO_COLOR']
      else process.env['NO_COLOR'] = before
    }
    assert.equal(paintFor({ colour: false, columns: 80 })('red', 'x'), 'x')
    assert.equal(paintFor({ colour: true, columns: 80 })('red', 'x'), '\u001B[31mx\u001B[0m')
  })
})
