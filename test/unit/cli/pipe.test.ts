// What happens when the reader of the output has enough: `sallyport policy compile … | head`.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { spawn } from 'node:child_process'

const MAIN = join(import.meta.dirname, '../../../core/main.ts')
const ALL = join(import.meta.dirname, '../../../policies')

describe('a command whose reader leaves', function () {
  this.timeout(120_000)

  it('ends without a word, whatever it still had to say', async () => {
    // The bundle is larger than a pipe holds, so that the command must notice.
    const child = spawn(process.execPath, [MAIN, 'policy', 'compile', ALL], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.once('data', () => child.stdout.destroy())
    let complaints = ''
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(complaints, '')
    assert.equal(code, 0)
  })
})
