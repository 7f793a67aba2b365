// `policy scan` over what people feed it: files of other programs, pipes that take their time, texts that would like to steer a terminal.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { runWarm } from '../support/warm.ts'
import { showScan, type ScanReport } from '../../core/cli/policy-scan.ts'
import type { Ran } from '../support/warm-process.ts'

const MAIN = resolve(import.meta.dirname, '../../core/main.ts')
const MAIL = 'jo.smith@example.com'

/** Its check breaks on one text, and not on the examples. */
const PLUGIN = `const test = (match) => {
  if (match.endsWith('13')) throw new Error('out of luck')
  return true
}
const checks = [{ name: 'ticket', doc: 'A ticket.', test }]
const vocabulary = () => ({ attributes: [], verbs: [], checks })
export default { name: 'tickets', apiVersion: 1, summary: 'Tickets.', config: { type: 'object' }, vocabulary, setup: () => ({}), onFailure: {}, budgetMs: {} }
`
const POLICY = `module own
detector ticket {
  pattern  /ticket-\\d{1,2}/
  check    ticket
  examples "ticket-1"
  never    "ticket"
}
policy own.tickets "Tickets are not talked about" {
  on    request
  when  prompt contains ticket
  deny  "own.ticket"
}
`

describe('policy scan', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-attack-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const write = (bytes: string | Buffer): string => {
    const file = join(folder, 'text')
    writeFileSync(file, bytes)
    return file
  }

  /** `input`: pieces for standard input. */
  const scan = (file: string, input: readonly string[] = [], ...words: string[]): Promise<Ran> =>
    runWarm(['policy', 'scan', file, ...words], { cwd: folder, input })

  const files: readonly (readonly [title: string, bytes: Buffer])[] = [
    ['UTF-16, as other systems write it', Buffer.from(`\ufeffmail ${MAIL} now`, 'utf16le')],
    ['UTF-16 the other way round', Buffer.from(`\ufeffmail ${MAIL} now`, 'utf16le').swap16()],
    ['Latin-1', Buffer.from(`Grüße an ${MAIL} é`, 'latin1')],
    ['a program', Buffer.concat([Buffer.from([0x7f, 69, 76, 70, 0, 0xff, 0xfe, 0x80]), Buffer.from(` ${MAIL} `), Buffer.alloc(99, 0xc3)])],
    ['half a UTF-16 unit at the end', Buffer.concat([Buffer.from(`\ufeff${MAIL} `, 'utf16le').swap16(), Buffer.from([1])])],
  ]
  for (const [title, bytes] of files)
    it(`finds in ${title}`, async () => assert.match((await scan(write(bytes))).stdout, /email .*jo\.smith@example\.com/))

  it('waits for a pipe that takes its time, and takes an empty or closed one for an empty text', async () => {
    const slow = spawn('sh', ['-c', `(sleep 0.3; echo "to ${MAIL}") | "$0" "$1" policy scan -`, process.execPath, MAIN], { cwd: folder })
    let output = ''
    slow.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    assert.deepEqual((await once(slow, 'close'))[0], 0)
    assert.match(output, /1 found/)
    assert.match((await scan('-', [])).stdout, /^0 found/)
    assert.match((await scan('-', ['to jo.smi', 'th@example.com'])).stdout, /^3-23 .*\nwould leave as:\nto \[EMAIL\]\n1 found/)
    const closed = spawn('sh', ['-c', '"$0" "$1" policy scan - <&-', process.execPath, MAIN], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    assert.equal((await once(closed, 'close'))[0], 0)
  })

  it('names what it cannot read', async () => {
    for (const file of [folder, join(folder, 'none')]) {
      const { code, stdout, stderr } = await scan(file)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, /^error: .* cannot be read: E\w+/)
    }
    const huge = write('')
    truncateSync(huge, 3 * 1024 ** 3)
    const { code, stderr } = await scan(huge)
    assert.equal(code, 2)
    assert.match(stderr, /^error: .* cannot be read: /)
    assert.ok(!stderr.includes(' at '), stderr)
  })

  it('does not call a text clean that it could not judge', async () => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module", "main": "index.mjs", "sallyport": { "apiVersion": 1 } }')
    writeFileSync(join(folder, 'index.mjs'), PLUGIN)
    writeFileSync(join(folder, 'own.policy'), POLICY)
    writeFileSync(join(folder, 'sallyport.yaml'), 'pluginPaths: [ . ]\npolicies: { standard: true, paths: [ ./own.policy ] }\n')
    const { code, stdout } = await scan(write(`see ticket-13, ${MAIL}`), [], '--json')
    const report = JSON.parse(stdout) as { failed: string[]; decision: string }
    assert.ok(report.failed.includes('own.ticket'), stdout)
    assert.deepEqual([code, report.decision], [1, 'deny'])
  })

  it('tries every detector that ships, and says which of them no policy uses', async () => {
    interface Found {
      readonly detector: string
      readonly start: number
      readonly end: number
      readonly in_use: boolean
    }
    const text = 'key AKIAZ7Q4VER3YTUI2PAS, born on 7 March 1990'
    const found = async (...words: string[]): Promise<Found[]> => JSON.parse((await scan('-', [text], ...words, '--json')).stdout).findings
    const all = await found()
    const one = (name: string): unknown[] =>
      all.filter(({ detector }) => detector === name).map(({ start, end, in_use }) => [start, end, in_use])
    assert.deepEqual(one('standard.detectors.api_key'), [[4, 24, true]])
    assert.deepEqual(one('secrets.detectors.aws_access_key'), [[4, 24, false]])
    assert.deepEqual(one('personal.detectors.birth_date'), [[34, 46, false]])
    assert.deepEqual(all.map(({ start }) => start), all.map(({ start }) => start).sort((a, b) => a - b)) // prettier-ignore
    assert.match(
      (await scan('-', [text])).stdout,
      /birth_date .*in no policy.*\n.*would leave as:\nkey \[API_KEY\], born on 7 March 1990\n\d found, \d of them by detectors that no policy uses, decision: allow/s,
    )
    // Policies that are named are tried alone; those of the configuration in this folder count.
    const packs = resolve(import.meta.dirname, '../../policies')
    assert.deepEqual(
      new Set((await found(join(packs, 'standard'))).map(({ detector }) => detector)),
      new Set(['standard.detectors.api_key']),
    )
    writeFileSync(join(folder, 'sallyport.yaml'), JSON.stringify({ policies: { paths: [join(packs, 'personal')] } }))
    assert.deepEqual((await found()).filter(({ in_use }) => in_use).map(({ detector }) => detector), ['standard.detectors.api_key', 'personal.detectors.birth_date']) // prettier-ignore
  })

  it('says from what a finding was decoded', async () => {
    const run = Buffer.from(`write to ${MAIL} soon`).toString('base64')
    assert.match((await scan(write(`see ${run} here`))).stdout, /decoded from base64/)
    const { stdout } = await scan(write(`see ${run} here`), [], '--json')
    assert.equal((JSON.parse(stdout) as { findings: { decoded: string }[] }).findings[0]!.decoded, 'base64')
  })

  it('lets no text steer the terminal that shows it', () => {
    const text = `\u001b[2J\u001b[8m to ${MAIL}\u009b2K \u202eback \u2066 \ttab\nline \u{e0041}`
    const start = text.indexOf(MAIL)
    const finding = { detector: 'a.email', start, end: start + MAIL.length, score: 1, checks: [], in_use: true }
    const rewritten = [{ phase: 'request', location: 'prompt.user', path: ['text'], text: text.replace(MAIL, '[EMAIL]') }]
    const report = { findings: [finding], failed: [], decision: 'allow', refused: null, rewritten } as unknown as ScanReport
    const shown = showScan(text, report, [], { colour: true } as Parameters<typeof showScan>[3])
    assert.deepEqual(
      shown.match(/\p{Cc}/gu)!.filter((one) => one !== '\n'),
      ['\u001b', '\u001b', '\t', '\t'],
    )
    assert.deepEqual(shown.match(/\p{Cf}/gu), null)
  })
})
