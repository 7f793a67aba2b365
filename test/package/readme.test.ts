// Every command of the README is executed, in a copy of the repository, in its order: the newcomer's first quarter of an hour.
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { INSTALL, installedCopy } from '../support/installed.ts'
import { outsideEnvironment, ROOT } from '../support/copy.ts'

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const commands = [...readme.matchAll(/^```sh\n(.*?)^```/gms)]
  .flatMap(([, block]) => block!.trimEnd().split('\n'))
  .map((line) => line.replace(/\s{2,}#.*$/, ''))
const isStart = (command: string): boolean => command.endsWith('npm start')

describe('README', function () {
  this.timeout(180_000)
  let folder: string
  let gateway: ChildProcess | null = null
  let output = ''

  after(async () => {
    if (gateway !== null && gateway.exitCode === null) {
      process.kill(-gateway.pid!, 'SIGTERM')
      await once(gateway, 'exit')
    }
  })

  /** The first start listens on a free port: the default one may be taken on this machine. */
  const start = async (command: string): Promise<void> => {
    assert.ok(command.startsWith(`${INSTALL} && `))
    folder = installedCopy()
    gateway = spawn('bash', ['-c', `${command.slice(INSTALL.length + 4)} -- --port 0`], {
      cwd: folder,
      env: outsideEnvironment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    await new Promise<void>((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        output += chunk.toString()
        if (/Try it:[\s\S]*}'\n/.test(output)) resolve()
      }
      gateway!.stdout!.on('data', look)
      gateway!.stderr!.on('data', look)
      gateway!.once('exit', (code) => reject(new Error(`it ended with ${String(code)}:\n${output}`)))
    })
  }

  it('has commands to execute, and names the files that it links to', () => {
    assert.ok(commands.length >= 8, commands.join('\n'))
    assert.ok(isStart(commands[0]!))
    for (const [, link] of readme.matchAll(/\]\(((?!https?:)[^)]+)\)/g)) assert.ok(existsSync(join(ROOT, link!)), link)
  })

  for (const command of commands) {
    it(command, async () => {
      if (isStart(command)) return await start(command)
      // The suite in the suite would never end, and packages that the running gateway uses stay: one check stands for all.
      const line = command === 'npm ci && npm test' ? 'npm test' : command
      const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
        cwd: folder,
        env: outsideEnvironment({ SALLYPORT_TEST_GROUPS: 'format' }),
        encoding: 'utf8',
      })
      assert.equal(status, 0, `${stdout}\n${stderr}`)
      assert.notEqual(stdout.trim(), '')
    })
  }

  it('prints a curl at the first start that works as it is', () => {
    const curl = output.slice(output.indexOf('Try it:') + 7)
    const { stdout, stderr } = spawnSync('bash', ['-c', curl.slice(0, curl.indexOf("}'\n") + 2)], { encoding: 'utf8' })
    const answer = JSON.parse(stdout || '{}') as { choices?: [{ message: { content: string } }] }
    assert.ok(answer.choices, stdout + stderr)
    assert.doesNotMatch(answer.choices[0].message.content, /4111/, 'the card number was scrubbed before the model saw it')
  })

  it('shows the policy that init writes', () => {
    const shown = /^```policy\n(.*?)^```/ms.exec(readme)![1]!
    const text = readFileSync(join(folder, 'my-gateway/policies/house.policy'), 'utf8')
    for (const line of shown.split('\n')) assert.ok(text.includes(line), line)
  })
})
