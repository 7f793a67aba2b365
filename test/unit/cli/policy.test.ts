// The policy commands as a security engineer types them: output, JSON, exit codes.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { tmpdir } from 'node:os'
import { runWarmCli } from '../../support/warm.ts'

const GUARD = resolve(import.meta.dirname, '../../fixtures/policies/guard.policy')

describe('sallyport policy', function () {
  this.timeout(120_000)
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-policy-'))))
  after(() => rmSync(folder, { recursive: true, force: true }))

  const run = (...args: string[]): Promise<string> => runWarmCli(['policy', ...args], { cwd: folder })
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return name
  }
  async function failure(...args: string[]): Promise<{ code: number; stdout: string }> {
    try {
      await run(...args)
    } catch (error) {
      return error as { code: number; stdout: string }
    }
    throw new Error('it should have failed')
  }

  it('check: says how many policies are good, and shows what is not with a caret and exit code 1', async () => {
    assert.match(await run('check', GUARD), /7 policies checked, 0 warnings/)
    const bad = write('bad.policy', 'policy a.b "x" {\n  on request\n  when tenant.regoin == "eu"\n  deny "a.b"\n}\n')
    const { code, stdout } = await failure('check', bad)
    assert.equal(code, 1)
    assert.match(stdout, /P104/)
    assert.match(stdout, /bad\.policy:3:8/)
    assert.match(stdout, /\^{10,}/)
    assert.match(stdout, /Did you mean `tenant.region`/)
    const json = JSON.parse((await failure('check', '--json', bad)).stdout) as { diagnostics: { code: string }[] }
    assert.deepEqual(
      json.diagnostics.map((diagnostic) => diagnostic.code),
      ['P104'],
    )
  })

  it('check: says where the words of a plugin are known, where only paths were named', async () => {
    const words = write('words.policy', 'policy a.b "x" {\n  on request\n  charge to "CC-4711-3"\n}\n')
    assert.doesNotMatch((await failure('check', words)).stdout, /--config/)
    write('sallyport.yaml', 'pluginPaths: [./mine]\n')
    assert.match((await failure('check', words)).stdout, /names plugins \(pluginPaths\); their words are known with --config/)
    rmSync(join(folder, 'sallyport.yaml'))
  })

  it('test: runs the tests of the files, and says what came instead', async () => {
    assert.match(await run('test', GUARD), /14 passed, 0 failed/)
    const failing = write(
      'failing.policy',
      'policy a.b "x" {\n  on request\n  deny "a.b"\n}\ntest "passes" {\n  message user "hi"\n  expect allow\n}\n',
    )
    const { code, stdout } = await failure('test', failing)
    assert.equal(code, 1)
    assert.match(stdout, /the request was denied with `a\.b`/)
    assert.match(stdout, /0 passed, 1 failed/)
  })

  it('compile: prints the same bundle every time', async () => {
    const [one, two] = await Promise.all([run('compile', GUARD), run('compile', GUARD)])
    assert.equal(one, two)
    const bundle = JSON.parse(one) as { format: string; hash: string; program: { request: unknown } }
    assert.equal(bundle.format, 'sallyport.policy/1')
    assert.match(bundle.hash, /^[0-9a-f]{64}$/)
  })

  it('scan: finds with UTF-16 offsets and tells the decision', async () => {
    const text = write('text.txt', '🙂 card 4111 1111 1111 1111')
    const report = JSON.parse(await run('scan', '--json', text)) as {
      findings: { detector: string; start: number; end: number }[]
      decision: string
    }
    assert.deepEqual(
      report.findings.map(({ detector, start, end }) => [detector, start, end]),
      [['standard.detectors.payment_card', 8, 27]],
    )
    assert.equal(report.decision, 'allow')
  })

  it('scan: shows findings in columns, the beginning of a long one, and nothing that a terminal would hide or turn', async () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'.repeat(20)}-----END PRIVATE KEY-----`
    const text = write('columns.txt', `jo\u202e@example.com, 4111 1111 1111 1111\n${key}`)
    const lines = (await run('scan', text)).trimEnd().split('\n')
    assert.deepEqual(lines.slice(0, 4), [
      '0-15    standard.detectors.email              0.90                    "jo\ufffd@example.com"',
      '2-203   threats.detectors.direction_override  0.60  in no policy      "\ufffd@example.com, 4111 1111 1111 1111\\n-----BEGIN PRIVATE KEY--…"',
      '17-36   standard.detectors.payment_card       0.60  luhn, card_brand  "4111 1111 1111 1111"',
      `37-${37 + key.length}  standard.detectors.private_key        1.00                    "${key.slice(0, 59).replaceAll('\n', '\\n')}…"`,
    ])
    assert.match(lines.at(-1)!, /^4 found, 1 of them by detectors that no policy uses, decision: /)
  })

  it('scan: names the effects of a decision that allows', async () => {
    const text = write('mail.txt', 'write to jo@example.com')
    const policies = write(
      'scan.policy',
      'module acme.scan\nimport standard.access\nimport standard.detectors as std\npolicy acme.scan.mail "x" {\n  on request\n  redact std.email in prompt\n}\n',
    )
    assert.match(await run('scan', text, policies), /1 found, decision: allow \(redact\)\n$/)
  })

  it('scan: shows how a text would leave that policies rewrite, and no other', async () => {
    const policies = write(
      'leave.policy',
      'module acme.leave\nimport standard.access\nimport standard.detectors as std\npolicy acme.leave.mail "x" {\n  on request\n  redact std.email in prompt\n}\n',
    )
    const mail = write('leaves.txt', 'write to jo@example.com\u202e or +49 30 901820\n')
    assert.match(await run('scan', mail, policies), /"\nwould leave as:\nwrite to \[EMAIL\]\ufffd or \+49 30 901820\n2 found, /)
    const report = JSON.parse(await run('scan', '--json', mail, policies)) as { rewritten: unknown }
    assert.deepEqual(report.rewritten, [
      { phase: 'request', location: 'prompt.user', path: ['text'], text: 'write to [EMAIL]\u202e or +49 30 901820\n' },
    ])
    const phone = write('stays.txt', 'call +49 30 901820')
    assert.ok(!(await run('scan', phone, policies)).includes('would leave'))
  })

  it('answers wrong usage with exit code 2: nothing named, nothing there, nothing to read', async () => {
    mkdirSync(join(folder, 'empty'))
    for (const args of [
      ['check'],
      ['check', 'nowhere'],
      ['check', 'empty'],
      ['check', GUARD, '--format', 'xml'],
      ['test', GUARD, '--format', 'sarif'],
      ['fmt', 'empty'],
      ['scan', 'nowhere.txt'],
    ]) {
      assert.equal((await failure(...args)).code, 2, args.join(' '))
    }
  })

  it('shows errors in files that came along, and leaves standard output to the bundle', async () => {
    const clash = write(
      'clash.policy',
      'module acme.clash\nimport standard.pii as pii\npolicy standard.pii.warn "x" {\n  on request\n  deny "a.b"\n}\n',
    )
    const { code, stdout } = await failure('check', clash)
    assert.equal(code, 1)
    assert.match(stdout, /P101: the policy `standard\.pii\.warn` is declared in two modules/)
    assert.equal((await failure('compile', clash)).stdout, '')
  })
})
