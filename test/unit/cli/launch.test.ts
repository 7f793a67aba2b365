// The command line from the outside: versions of Node, exit codes, scaffolding.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { loadConfig } from '../../../core/config/load.ts'
import { scaffold } from '../../../core/cli/init.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const LAUNCHER = join(ROOT, 'bin/sallyport.cjs')

const sallyport = (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [LAUNCHER, ...args], { cwd, encoding: 'utf8', env: { ...process.env, ...env } })

describe('launcher', () => {
  /** Runs the check as an old Node would, and returns what it says. */
  const checkUnder = (version: string): { said: string; code: number | null } => {
    const result = { said: '', code: null as number | null }
    const module: { exports?: () => void } = {}
    const process = { versions: { node: version }, exit: (code: number) => (result.code = code) }
    runInNewContext(readFileSync(join(ROOT, 'bin/require-node.cjs'), 'utf8'), {
      module,
      process,
      console: { error: (line: string) => (result.said += line) },
    })
    module.exports!()
    return result
  }

  it('says in one line that Node is too old, and what to do', () => {
    for (const version of ['12.22.0', '20.20.2', '22.18.9']) {
      const { said, code } = checkUnder(version)
      assert.equal(code, 2, version)
      assert.match(said, /needs Node\.js 22\.19 or newer, and this is .*npm ci/)
      assert.doesNotMatch(said, /\n/)
    }
  })

  it('lets every newer one pass', () => {
    for (const version of ['22.19.0', '24.0.0', '30.1.0']) assert.deepEqual(checkUnder(version), { said: '', code: null })
  })

  it('uses no syntax that an old Node could not read', () => {
    for (const file of ['bin/require-node.cjs', 'bin/sallyport.cjs', 'scripts/start.cjs', 'scripts/pinned.cjs']) {
      assert.doesNotMatch(
        readFileSync(join(ROOT, file), 'utf8')
          .replaceAll(/^\/\/.*$/gm, '')
          .replaceAll(/'[^']*'/g, "''"),
        /=>|\blet\b|\bconst\b|\bclass\b|\?\.|\?\?|`|\bimport\b|\basync\b/,
        file,
      )
    }
  })
})

describe('exit codes', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))))
  after(() => rmSync(folder, { recursive: true }))

  it('are 2 for wrong usage: an unknown option, a missing file', () => {
    const unknown = sallyport(['init', '--nope'], folder)
    assert.deepEqual([unknown.status, /unknown option '--nope'/.test(unknown.stderr)], [2, true], unknown.stderr)
    const missing = sallyport(['keys', 'list', '--config', 'none.yaml'], folder)
    assert.deepEqual([missing.status, /no such file/.test(missing.stderr)], [2, true], missing.stderr)
  })

  it('are 2 for a command that does not exist, with the one that was meant', () => {
    const { status, stderr } = sallyport(['polcy', 'check'], folder)
    assert.deepEqual([status, stderr.split('\n')[0]], [2, "error: unknown command 'polcy'; did you mean policy?"])
    const far = sallyport(['frobnicate'], folder)
    assert.match(far.stderr, /^error: unknown command 'frobnicate'\n[^]*--help lists the commands/)
  })

  it('are 1 for findings, each on its line and without a stack', () => {
    writeFileSync(join(folder, 'bad.yaml'), 'serv: {}\nserver: { port: -1 }')
    const { status, stderr } = sallyport(['keys', 'list', '--config', 'bad.yaml'], folder)
    assert.equal(status, 1)
    assert.match(stderr, /bad\.yaml: 2 findings\n {2}serv: .*did you mean "server"\?\n {2}server\.port: /)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

  it('are 1 where a package is missing, as after an update, and say what installs it', () => {
    const hooks = `import { registerHooks } from 'node:module'
      const missing = Object.assign(new Error("Cannot find package 'chevrotain' imported from x.ts"), { code: 'ERR_MODULE_NOT_FOUND' })
      registerHooks({ resolve(name, context, next) { if (name === 'chevrotain') throw missing; return next(name, context) } })`
    const { status, stderr } = sallyport(['policy', 'check', '.'], folder, {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hooks)}`,
    })
    assert.deepEqual([status, stderr.trimEnd().split('\n').slice(1)], [1, ['Install what this version needs: npm ci']], stderr)
  })

  it('are 0 for help and version', () => {
    assert.match(sallyport(['--version'], folder).stdout, /^\d+\.\d+\.\d+\n$/)
    const { status, stdout } = sallyport(['--help'], folder)
    assert.equal(status, 0)
    for (const word of ['serve', 'recorder', 'init', 'doctor', 'policy', 'keys', 'usage', 'sql'])
      assert.match(stdout, new RegExp(`^ {2}${word}\\b`, 'm'))
  })
})

describe('sallyport init', function () {
  this.timeout(120_000)

  it('writes a configuration that loads, and refuses to write over anything', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
    scaffold(folder)
    const { directory, config } = loadConfig(join(folder, 'sallyport.yaml'), { environment: {} })
    assert.deepEqual([...directory.models.keys()], ['sim-chat', 'sim-echo'])
    assert.deepEqual(config.policies.paths, ['./policies'])
    writeFileSync(join(folder, 'sallyport.yaml'), '# mine')
    rmSync(join(folder, 'policies'), { recursive: true })
    assert.throws(() => scaffold(folder), /already there: .*; nothing was written/)
    assert.throws(() => readFileSync(join(folder, 'policies/house.policy')), /ENOENT/)
    rmSync(folder, { recursive: true })
  })

  it('names next steps that can be typed where the reader stands', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
    const typed = sallyport(['init', 'mine'], folder, { npm_lifecycle_event: 'sallyport' }).stdout
    const steps = [...typed.matchAll(/^ {2}npm run -s sallyport -- (.*?) +#/gm)].map(([, words]) => words!.split(' '))
    assert.deepEqual(
      steps.map(([word]) => word),
      ['policy', 'doctor', 'serve'],
    )
    for (const words of steps.slice(0, 2)) assert.equal(sallyport(words, folder).status, 0, words.join(' '))
    assert.match(sallyport(['init', 'other'], folder, { npm_lifecycle_event: '' }).stdout, /^ {2}sallyport policy test other/m)
    rmSync(folder, { recursive: true })
  })
})
