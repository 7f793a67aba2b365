// When a frame is written at once and when aside.
import assert from 'node:assert/strict'
import { readyWriter } from '../../../core/record/files.ts'

describe('writes of the spool', () => {
  let now = 0
  let takes = 0
  const calls: string[] = []
  const write = readyWriter(
    (_file, _bytes, _offset, length) => {
      calls.push('at once')
      now += takes
      return length
    },
    (_file, _bytes, _offset, length) => {
      calls.push('aside')
      return Promise.resolve(length)
    },
    () => now,
  )
  const writeBytes = (length: number): number | Promise<number> => write(0, Buffer.alloc(0), 0, length, 0)
  beforeEach(() => {
    now += 60_000
    takes = 0
    calls.length = 0
  })

  it('go out at once while the disk keeps up', () => {
    assert.equal(writeBytes(100), 100)
    assert.equal(writeBytes(200), 200)
    assert.deepEqual(calls, ['at once', 'at once'])
  })

  it('go aside for ten seconds after one that was slow', async () => {
    takes = 6
    assert.equal(writeBytes(100), 100)
    now += 9_999
    assert.equal(await writeBytes(100), 100)
    now += 1
    assert.equal(writeBytes(100), 100)
    assert.deepEqual(calls, ['at once', 'aside', 'at once'])
  })

  it('go aside when they are large', async () => {
    assert.equal(await writeBytes(300 * 1024), 300 * 1024)
    assert.deepEqual(calls, ['aside'])
  })
})
