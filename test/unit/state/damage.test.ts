// A state folder whose file is broken: the start says so instead of ending by a signal, and a file that is whole costs it nothing.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DamagedStateError, requireIntact } from '../../../core/state/damage.ts'
import { openEmbeddedState } from '../../../core/state/embedded.ts'
import { openKeyStore } from '../../../core/state/key-store.ts'
import { ManualClock, silentLog } from './manual-clock.ts'

const PAGE = 4096
const PAGE_HEAD = 16
const SEED = 15
const STARTS = process.env['SALLYPORT_TEST_LONG'] ? 100 : 3
/** A start, and what uses the folder then, in a process of its own, which a signal may end. */
const START = `
const { openEmbeddedState } = await import('${new URL('../../../core/state/embedded.ts', import.meta.url).href}')
const { systemClock: clock } = await import('${new URL('../../../core/plugin/clock.ts', import.meta.url).href}')
const log = { debug() {}, info() {}, warn() {}, error() {} }
try {
  const { keys, close } = openEmbeddedState({ path: process.argv[1], clock, log })
  const rows = await keys.list()
  await Promise.all(rows.map((row) => keys.put({ ...row, name: 'changed' })))
  await close()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}`
const KEYS = 300

async function fill(path: string): Promise<void> {
  const { keys, close } = openKeyStore(path)
  const row = { tenant: 'acme', hash: '00', scopes: [], models: null, features: null, allowedIps: null, expires: null }
  const times = { createdAt: null, revokedAt: null }
  await Promise.all(Array.from({ length: KEYS }, (_, i) => keys.put({ id: `k${i}`, prefix: `p${i}`, ...row, ...times })))
  await close()
}

function zero(file: string, from: number, to: number): void {
  const opened = openSync(file, 'r+')
  writeSync(opened, Buffer.alloc(to - from), 0, to - from, from)
  closeSync(opened)
}

/** Whole numbers below a bound, the same for each seed. */
function prng(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const DAMAGE: { readonly [what: string]: (file: string, size: number) => void } = {
  'cut within its head': (file) => truncateSync(file, 100),
  'cut behind its head': (file) => truncateSync(file, 2 * PAGE),
  'cut in the middle': (file, size) => truncateSync(file, Math.floor(size / 2 / PAGE) * PAGE),
  emptied: (file) => truncateSync(file, 0),
  'with a head of zeros': (file) => zero(file, 0, 2 * PAGE),
  'with zeros behind its head': (file, size) => zero(file, 2 * PAGE, size),
  'that is another file': (file) => writeFileSync(file, 'hello\n'),
}

describe('a damaged state folder', function () {
  this.timeout(60_000)
  let folder: string
  let path: string
  let file: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-damage-'))
    path = join(folder, 'state')
    file = join(path, 'data.mdb')
    await fill(path)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  for (const [what, damage] of Object.entries(DAMAGE)) {
    it(`is told by a sentence for a file ${what}, and can be moved away`, async () => {
      damage(file, statSync(file).size)
      const says = /state: the state in this folder is damaged: .* move it away .* doctor --rebuild-quotas/
      for (const open of [() => openEmbeddedState({ path, clock: new ManualClock(0), log: silentLog() }), () => openKeyStore(path)])
        assert.throws(open, (error) => error instanceof DamagedStateError && says.test(error.message))
      renameSync(path, `${path}.damaged`)
      await openEmbeddedState({ path, clock: new ManualClock(0), log: silentLog() }).close()
    })
  }

  it('never ends the start by a signal, wherever bytes were overwritten', () => {
    const [whole, random] = [readFileSync(file), prng(SEED)]
    const pages = whole.length / PAGE
    const ends = new Set<string>()
    for (let i = 0; i < STARTS; i++) {
      const bytes = Buffer.from(whole)
      const hit = Array.from({ length: 1 + random(3) }, () => random(pages) * PAGE)
      // Behind the head of a page, which lmdb looks at, or with it.
      const from = random(2) * PAGE_HEAD
      for (const at of hit) for (let byte = at + from; byte < at + PAGE; byte++) bytes[byte] = random(256)
      writeFileSync(file, bytes)
      const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', START, path], { encoding: 'utf8' })
      assert.equal(signal, null, `pages ${hit.map((at) => at / PAGE).join()} from ${from}`)
      ends.add(status === 0 ? 'goes on' : stderr.replace(/.*: the state/, 'the state'))
    }
    assert.ok(ends.has('goes on') && [...ends].some((end) => end.startsWith('the state in this folder is damaged')), [...ends].join('\n'))
  })

  it('is not looked for in a file that is as it was closed', () => {
    let looks = 0
    const look = (): boolean => ++looks > 0
    requireIntact(path, look)
    assert.equal(looks, 0)
    zero(file, statSync(file).size, statSync(file).size + PAGE)
    assert.throws(() => requireIntact(path, look), DamagedStateError)
    assert.equal(looks, 1)
  })

  it('is no folder that was not closed, or was copied: all is there', async () => {
    const copy = readFileSync(file)
    rmSync(join(path, 'closed'))
    for (const found of [KEYS, KEYS]) {
      const { keys, close } = openKeyStore(path)
      assert.equal((await keys.list()).length, found)
      await close()
      writeFileSync(file, copy)
    }
  })
})
