// What leaves the house: a clean install without scripts under the system's Node, and the published package in an empty folder.
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { installedCopy } from '../support/installed.ts'
import { outsideEnvironment, ROOT } from '../support/copy.ts'

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

describe('what is published', function () {
  this.timeout(240_000)
  let copy: string
  let empty: string
  let gateway: ChildProcess | null = null

  const run = (command: string, cwd: string, env: NodeJS.ProcessEnv = outsideEnvironment()): Result => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd, env, encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  const succeed = (command: string, cwd: string, env?: NodeJS.ProcessEnv): string => {
    const { status, stdout, stderr } = run(command, cwd, env)
    assert.equal(status, 0, `${command}\n${stdout}\n${stderr}`)
    return stdout
  }

  before(() => {
    empty = mkdtempSync(join(tmpdir(), 'sallyport-installed-'))
  })
  after(async () => {
    if (gateway !== null && gateway.exitCode === null) {
      process.kill(-gateway.pid!, 'SIGTERM')
      await once(gateway, 'exit')
    }
    for (const folder of [empty, ...(copy ? [join(copy, 'dist')] : [])]) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  it('installs from the lock file without any install script, and runs on the pinned Node', () => {
    copy = installedCopy()
    assert.match(succeed('npm exec -- node --version', copy), /^v24\./)
    assert.match(succeed('npm run -s sallyport -- --version', copy), /^\d+\.\d+\.\d+\n$/)
  })

  it('has every platform package of the pin in the lock file', () => {
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      optionalDependencies: { [name: string]: string }
    }
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: { [path: string]: { version: string; hasInstallScript?: boolean; bin?: object } }
    }
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const locked = packages[`node_modules/${name}`]
      assert.ok(locked, name)
      assert.equal(locked.version, version.replace(/^npm:.*@/, ''))
      assert.ok(locked.bin && 'node' in locked.bin && locked.hasInstallScript === undefined, name)
      assert.match(locked.version, /^24\./)
    }
  })

  it('builds, packs and installs into an empty folder, without the pin, the tools and the sources', () => {
    succeed('npm run -s build && cd dist && npm pack --silent', copy)
    const tarball = readdirSync(join(copy, 'dist')).find((name) => name.endsWith('.tgz'))
    assert.ok(tarball)
    const files = succeed(`tar tzf dist/${tarball}`, copy).trim().split('\n')
    for (const wanted of [
      'core/main.js',
      'bin/sallyport.cjs',
      'policies/standard/access.policy',
      'sallyport.schema.json',
      'LICENSE',
      'README.md',
    ]) {
      assert.ok(files.includes(`package/${wanted}`), wanted)
    }
    assert.deepEqual(
      files.filter((file) => (file.endsWith('.ts') && !file.endsWith('.d.ts')) || /package\/(test|bench|node_modules|data)\//.test(file)),
      [],
    )
    succeed(`npm init -y && npm install --ignore-scripts ${join(copy, 'dist', tarball)}`, empty)
    const manifest = JSON.parse(readFileSync(join(empty, 'node_modules/sallyport/package.json'), 'utf8')) as { [key: string]: unknown }
    assert.deepEqual(
      [manifest['engines'], manifest['optionalDependencies'], manifest['devDependencies'], manifest['private']],
      [{ node: '>=22.19' }, undefined, undefined, undefined],
    )
    assert.ok(!existsSync(join(empty, 'node_modules/.bin/node')))
  })

  it('serves from there with its own standard policies, and writes nothing outside ./data', async () => {
    // A Node that is new enough, as a user would have it on the path.
    const env = outsideEnvironment()
    env['PATH'] = [dirname(process.execPath), env['PATH']].join(delimiter)
    const before = readdirSync(empty)
    const child = spawn('npx', ['sallyport', '--port', '0'], { cwd: empty, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    gateway = child
    let output = ''
    await new Promise<void>((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        output += chunk.toString()
        if (/listens on \S+[\s\S]*Bearer sp_live_\w+/.test(output)) resolve()
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      child.once('exit', (code) => reject(new Error(`it ended with ${String(code)}:\n${output}`)))
    })
    const url = /listens on (\S+)/.exec(output)![1]!
    const ask = (key: string): Promise<Response> =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'sim-echo', messages: [{ role: 'user', content: 'My card is 4111 1111 1111 1111.' }] }),
      })
    const answer = await ask(/sp_live_\w+/.exec(output)![0])
    const text = await answer.text()
    assert.equal(answer.status, 200, text)
    assert.match(text, /PAYMENT_CARD/, 'the standard policies scrub')
    assert.equal((await ask('sp_live_wrong')).status, 401)
    assert.deepEqual(readdirSync(empty), [...before, 'data'].sort())
  })

  it('says in one line what is missing when an old Node starts it', function () {
    const system = run('node --version', empty).stdout
    if (/^v(2[3-9]|[3-9]\d|22\.(19|[2-9]\d))/.test(system)) {
      this.test!.title += ` (the system's Node is ${system.trim()}, which is new enough)`
      return this.skip()
    }
    const { status, stdout, stderr } = run('npx sallyport', empty)
    assert.equal(status, 2)
    assert.match(stderr, /^sallyport needs Node\.js 22\.19 or newer, and this is .*\n$/m)
    assert.equal(stdout, '')
  })
})
