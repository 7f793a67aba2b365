// A state folder whose file is broken: the start says so instead of ending by a signal, and a file that is whole costs it nothing.
import assert from 'node:assert/strict'
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
