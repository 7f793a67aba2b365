// `policy fmt` on a disk: what it writes, what it leaves alone, and what it refuses.
import assert from 'node:assert/strict'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { formatPaths, type FormatReport } from '../../../core/cli/policy-fmt.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { formatFiles, writeFormatted } from '../../../core/policy/format.ts'
import { PolicyError } from '../../../core/policy/load.ts'
import { runCli } from '../../support/gateway.ts'

const UGLY = 'policy a.b "x" {\n  on request deny "a.b" }\n'
const CANONICAL = 'policy a.b "x" {\n  on       request\n  deny     "a.b"\n}\n'
const BROKEN = 'policy a.b "x" {\n  on request\n  when a = = b\n}\n'

describe('sallyport policy fmt', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-fmt-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const format = (paths: readonly string[], check = false): FormatReport => {
    const report = formatPaths(paths, { check, screen: { colour: false, columns: null }, plugins: PLUGINS, blocks: {} })
    assert.ok(report)
    return report
  }

  it('writes the canonical form, says which files it changed, and leaves nothing else behind', () => {
    const ugly = write('ugly.policy', UGLY)
    write('good.policy', CANONICAL)
    const { output, exitCode } = format([folder])
    assert.equal(readFileSync(ugly, 'utf8'), CANONICAL)
    assert.match(output, /ugly\.policy formatted\n1 file unchanged, 1 formatted$/)
    assert.equal(exitCode, 0)
    assert.deepEqual(readdirSync(folder).sort(), ['good.policy', 'ugly.policy'])
  })

  it('does not touch a file that is in canonical form', () => {
    const good = write('good.policy', CANONICAL)
    const { ino, mtimeMs } = statSync(good)
    format([good])
    assert.deepEqual([statSync(good).ino, statSync(good).mtimeMs], [ino, mtimeMs])
  })

  it('keeps the permissions', () => {
    const ugly = write('ugly.policy', UGLY)
    chmodSync(ugly, 0o640)
    format([ugly])
    assert.equal(readFileSync(ugly, 'utf8'), CANONICAL)
    assert.equal(statSync(ugly).mode & 0o7777, 0o640)
  })

  it('leaves a write-protected file as it is, also for root', () => {
    const ugly = write('ugly.policy', UGLY)
    chmodSync(ugly, 0o444)
    assert.throws(() => format([ugly]), /ugly\.policy cannot be written: it is write-protected/)
    assert.equal(readFileSync(ugly, 'utf8'), UGLY)
    assert.deepEqual(readdirSync(folder), ['ugly.policy'])
  })

  it('does not write over what somebody saved in the meantime', () => {
    const ugly = write('ugly.policy', UGLY)
    const [file] = formatFiles([ugly], PLUGINS)
    write('ugly.policy', `${UGLY}# mine\n`)
    assert.throws(() => writeFormatted(file!), /ugly\.policy cannot be written: it changed in the meantime/)
    assert.equal(readFileSync(ugly, 'utf8'), `${UGLY}# mine\n`)
    assert.deepEqual(readdirSync(folder), ['ugly.policy'])
  })

  it('is not held up by what a run that was killed has left behind', () => {
    const ugly = write('ugly.policy', UGLY)
    write(`.ugly.policy.${process.pid}.tmp`, 'half')
    format([folder])
    assert.equal(readFileSync(ugly, 'utf8'), CANONICAL)
  })

  it('may run twice at once', async function () {
    const ugly = write('ugly.policy', UGLY)
    const runs = await Promise.allSettled([1, 2, 3].map(() => runCli(['policy', 'fmt', ugly], { cwd: folder })))
    assert.ok(runs.some(({ status }) => status === 'fulfilled'))
    assert.equal(readFileSync(ugly, 'utf8'), CANONICAL)
    assert.deepEqual(readdirSync(folder), ['ugly.policy'])
  })

  it('leaves a file with syntax errors as it is, shows them, and still formats the others', () => {
    const broken = write('broken.policy', BROKEN)
    const ugly = write('ugly.policy', UGLY)
    const { output, exitCode } = format([folder])
    assert.equal(readFileSync(broken, 'utf8'), BROKEN)
    assert.equal(readFileSync(ugly, 'utf8'), CANONICAL)
    assert.match(output, /error P0\d\d/)
    assert.match(output, /broken\.policy:3:/)
    assert.match(output, /1 with errors left as it was$/)
    assert.equal(exitCode, 1)
  })

  it('--check writes nothing, names the files, and exits 1', async () => {
    const ugly = write('ugly.policy', UGLY)
    assert.equal(format([folder], true).exitCode, 1)
    assert.equal(readFileSync(ugly, 'utf8'), UGLY)
    await assert.rejects(
      runCli(['policy', 'fmt', '--check', 'ugly.policy'], { cwd: folder }),
      (error: { code: number; stdout: string }) => {
        assert.equal(error.code, 1)
        assert.match(error.stdout, /^ugly\.policy is not in canonical form\n/)
        return true
      },
    )
    format([folder])
    assert.equal(format([folder], true).exitCode, 0)
  })

  it('follows a link within the path, and the link stays one', () => {
    mkdirSync(join(folder, '..data'))
    const real = write('..data/a.policy', UGLY)
    symlinkSync('..data/a.policy', join(folder, 'a.policy'))
    format([folder])
    assert.equal(readFileSync(real, 'utf8'), CANONICAL)
    assert.ok(lstatSync(join(folder, 'a.policy')).isSymbolicLink())
  })

  it('refuses a link that leads out of the path, before it writes anything', () => {
    const outside = write('outside.policy', UGLY)
    mkdirSync(join(folder, 'in'))
    symlinkSync(outside, join(folder, 'in/linked.policy'))
    const beside = write('in/beside.policy', UGLY)
    assert.throws(
      () => format([join(folder, 'in')]),
      (error) => error instanceof PolicyError && /leads out of the named path/.test(error.message),
    )
    assert.throws(() => format([join(folder, 'in/linked.policy')]), PolicyError)
    assert.equal(readFileSync(outside, 'utf8'), UGLY)
    assert.equal(readFileSync(beside, 'utf8'), UGLY)
  })
})
