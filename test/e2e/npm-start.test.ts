// `npm start` as a supervisor sees it: npm runs the script through a shell, and a signal to either must end the gateway.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { stringify } from 'yaml'
import { baseConfig } from '../support/gateway.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const START = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }).scripts.start

describe('npm start', function () {
  this.timeout(120_000)
  let folder: string
  let shell: ChildProcess
  let output = ''

  before(function () {
    if (process.platform === 'win32') this.skip()
    folder = mkdtempSync(join(tmpdir(), 'sallyport-start-'))
    const config = join(folder, 'sallyport.yaml')
    writeFileSync(config, stringify({ ...baseConfig('http://127.0.0.1:9'), policies: { standard: true, paths: [] } }))
    // The last command would take the place of some shells; npm's does not always.
    const script = `${START} --config "${config}" --no-recorder; exit`
    const path = `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`
    shell = spawn('sh', ['-c', script], { cwd: ROOT, env: { ...process.env, PATH: path, TEST_UPSTREAM_KEY: 'x' } })
    shell.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    shell.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()))
  })
  after(() => {
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it('ends the gateway in good order when the shell between is ended', async () => {
    // The gateway writes where the shell did, so both have ended when that is closed.
    const closed = once(shell, 'close')
    while (!output.includes('listens on')) await Promise.race([once(shell.stdout!, 'data'), closed.then(() => assert.fail(output))])
    const pid = Number(/"pid":(\d+)/.exec(output)?.[1] ?? 0)
    shell.kill('SIGTERM')
    await closed
    assert.match(output, /draining/)
    if (pid > 0) assert.throws(() => process.kill(pid, 0), /ESRCH/)
  })
})
