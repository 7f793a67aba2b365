// Commands over files and words that nobody should write: every answer is a sentence, nothing hangs, and nothing is left out in silence.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { tmpdir } from 'node:os'
import { loadConfig } from '../../core/config/load.ts'
import { PolicyError, readPolicyFiles } from '../../core/policy/load.ts'

const MAIN = resolve(import.meta.dirname, '../../core/main.ts')

describe('hostile files and words', function () {
  this.timeout(120_000)
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-attack-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const at = (...names: string[]): string => join(folder, ...names)
  const write = (name: string, content: string | Buffer): string => (writeFileSync(at(name), content), at(name))

  describe('configuration', () => {
    const failure = (content: string | Buffer, environment: NodeJS.ProcessEnv = {}): string => {
      try {
        loadConfig(write('sallyport.yaml', content), { environment })
      } catch (error) {
        assert.equal((error as Error).name, 'ConfigError', String(error))
        return (error as Error).message
      }
      throw new Error('it should have been refused')
    }
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x]',
      ...[...'bcdefghi'].map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]}, `.repeat(8)}x]`),
    ]

    const files: [string, string | Buffer, RegExp][] = [
      ['aliases that multiply', bomb.join('\n'), /aliases .* multiply/],
      ['an alias within itself', 'plugins: &a { cache: *a }', /stands within what it names/],
      ['lists without end', `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`, /sallyport\.yaml/],
      ['a tag that makes code', 'server: !!js/function "function () { return 1 }"', /server: must be an object/],
      ['`__proto__` at the top', '__proto__: { server: { port: 1 } }', /__proto__: there is no such setting/],
      ['`__proto__` below', 'server: { __proto__: { port: 1 }, constructor: 1 }', /server\.__proto__: .*server\.constructor: /s],
      ['a key twice', 'server: { port: 1 }\nserver: { port: 2 }', /unique/],
      ['two documents', 'server: { port: 1 }\n---\nserver: { port: 2 }', /multiple documents/],
      ['bytes that are no UTF-8', Buffer.from([...Buffer.from('server: { host: "'), 0xff, ...Buffer.from('" }')]), /UTF-8/],
      ['another encoding', Buffer.from('server: { port: 1 }', 'utf16le'), /sallyport\.yaml/],
      ['far too much', `x: "${'a'.repeat(17 << 20)}"`, /larger than 16777216 bytes/],
      [
        'timers that would run out at once',
        'server: { drainSeconds: 3000000, receiveTimeoutMs: 1.0e+12 }',
        /receiveTimeoutMs: .*<=.*drainSeconds: .*<=/s,
      ],
      ['an endpoint that is a file', 'providers: [{ name: p, type: openai, zone: us, endpoint: "file:///etc/passwd" }]', /http/],
      [
        'variables that are missing or no names',
        'server: { host: "${MISSING}", trustProxy: ["${a-b}", "${}"] }',
        /MISSING is not set.*a-b.*\$\{\}/s,
      ],
    ]
    for (const [title, content, expected] of files) {
      it(`is refused with its reason: ${title}`, () => assert.match(failure(content), expected))
    }

    it('resolves no reference that came out of a reference', () => {
      const path = write('sallyport.yaml', 'server: { host: "${OUTER}" }')
      assert.equal(loadConfig(path, { environment: { OUTER: '${INNER}', INNER: 'x' } }).config.server.host, '${INNER}')
    })

    it('takes names from `Object.prototype` for what they are: names', () => {
      const path = write(
        'sallyport.yaml',
        'providers: [{ name: toString, type: sim, zone: internal }]\nmodels: [{ name: __proto__, targets: [{ provider: toString, model: sim-echo }] }]\ntenants: [{ id: constructor }]\nfeatures: [{ name: hasOwnProperty, model: __proto__ }]',
      )
      const { directory } = loadConfig(path, { environment: {} })
      assert.deepEqual([[...directory.models.keys()], [...directory.tenants.keys()]], [['__proto__'], ['constructor']])
    })
  })

  describe('a folder of policies', () => {
    const names = (...paths: string[]): string[] =>
      readPolicyFiles(paths.length === 0 ? ['policies'] : paths, folder).map(({ path }) => path)
    beforeEach(() => mkdirSync(at('policies')))

    it('is followed through links, as Kubernetes mounts it, and each file counts once under its plain name', () => {
      mkdirSync(at('policies/..2026_01_01'))
      write('policies/..2026_01_01/a.policy', 'module a version "1.0"\n')
      symlinkSync('..2026_01_01', at('policies/..data'))
      symlinkSync('..data/a.policy', at('policies/a.policy'))
      assert.deepEqual(names(), ['policies/a.policy'])
    })
    it('may link into itself', () => {
      write('policies/a.policy', 'module a version "1.0"\n')
      symlinkSync('.', at('policies/loop'))
      symlinkSync('..', at('policies/up'))
      assert.deepEqual(names(), ['policies/a.policy'])
      assert.deepEqual(names('policies', 'policies/loop/a.policy', './policies/../policies'), ['policies/a.policy'])
    })

    const faults: [string, () => void, RegExp][] = [
      ['a link that leads nowhere', () => symlinkSync('gone', at('policies/a.policy')), /a\.policy cannot be read: ENOENT/],
      [
        'a link to itself',
        () => symlinkSync('a.policy', at('policies/a.policy')),
        /a\.policy cannot be read|policies cannot be read: ELOOP|ELOOP/,
      ],
      ['a device', () => symlinkSync('/dev/zero', at('policies/a.policy')), /no ordinary file/],
      ['far too much', () => write('policies/a.policy', 'a'.repeat(5 << 20)), /larger than/],
      ['bytes that are no text', () => write('policies/a.policy', Buffer.from([0xff, 0x00, 0x80])), /no UTF-8 text/],
      ['zero bytes', () => write('policies/a.policy', 'module a version "1.0"\0\n'), /no UTF-8 text/],
    ]
    for (const [title, make, expected] of faults) {
      it(`is refused rather than thinned out: ${title}`, () => {
        make()
        assert.throws(
          () => names(),
          (error: Error) => error instanceof PolicyError && expected.test(error.message),
        )
      })
    }
  })

  describe('commands', () => {
    interface Ended {
      readonly code: number
      readonly stdout: string
      readonly stderr: string
    }
    const run = (...args: string[]): Promise<Ended> =>
      new Promise((done) =>
        execFile(process.execPath, [MAIN, ...args], { cwd: folder, timeout: 15_000 }, (error, stdout, stderr) =>
          done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
        ),
      )

    it('call wrong usage what it is: one sentence, exit code 2', async () => {
      const lines = [
        ['constructor'],
        ['__proto__'],
        ['serve', '--port', '99999'],
        ['serve', '--port', '1e3'],
        ['keys', 'create', '--tenant', '__proto__'],
        ['keys', 'create', '--tenant', 'demo', '--scopes', ''],
        ['keys', 'create', '--tenant', 'demo', '--scopes', 'chat,act as user'],
        ['keys', 'create', '--tenant', 'demo', '--expires', '2027-13-45'],
        ['usage', '--by', 'tenant;DROP'],
        ['usage', '--since', '7d) OR (1'],
        ['sql', 'SELECT 1', 'SELECT 2'],
        ['keys', 'list', '--config', 'gone\n.yaml'],
      ]
      for (const [args, { code, stdout, stderr }] of await Promise.all(lines.map(async (args) => [args, await run(...args)] as const))) {
        assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
        assert.equal(stdout, '')
        assert.doesNotMatch(stderr, /\n\s+at |Error:/, args.join(' '))
      }
      assert.deepEqual(readdirSync(folder), [], 'and nothing was made')
    })

    it('never write over what is there', async () => {
      mkdirSync(at('policies'))
      write('policies/house.policy', 'mine')
      assert.equal((await run('init')).code, 1)
      assert.equal(existsSync(at('sallyport.yaml')), false)
      symlinkSync('elsewhere', at('sallyport.yaml'))
      rmSync(at('policies'), { recursive: true })
      assert.equal((await run('init')).code, 1)
      assert.deepEqual(readdirSync(folder), ['sallyport.yaml'], 'not through a dangling link, and not half')
      const { code, stderr } = await run('init', '/dev/null/x')
      assert.deepEqual([code, /\n\s+at /.test(stderr)], [1, false])
    })

    it('look without touching: doctor makes no folder', async () => {
      const { code, stdout } = await run('doctor')
      assert.equal(code, 0, stdout)
      assert.match(stdout, /clickhouse\s+embedded, \d+/)
      assert.deepEqual(readdirSync(folder), [])
    })

    it('show no secret of a configured credential', async () => {
      write('sallyport.yaml', 'providers: [{ name: p, type: openai, zone: us, credential: { file: ./credential } }]\n')
      write('credential', 'Zq9-wonderful')
      const { stdout, stderr } = await run('doctor', '--json')
      assert.doesNotMatch(stdout + stderr, /wonderful/)
      assert.equal(readFileSync(at('credential'), 'utf8'), 'Zq9-wonderful')
    })
  })
})
