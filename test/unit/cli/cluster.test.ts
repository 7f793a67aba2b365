// What holds workers together: questions over a channel, and reloads that all of them make or none.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { Link, type Handlers } from '../../../core/cli/cluster/link.ts'
import { TogetherReload } from '../../../core/cli/cluster/reload.ts'

/** Two ends of a channel that copies messages as JSON, as Node's does. */
function channel(left: Handlers, right: Handlers): { readonly left: Link; readonly right: Link; cut(): void } {
  const ends = [new EventEmitter(), new EventEmitter()] as const
  let isCut = false
  const end = (own: EventEmitter, other: EventEmitter) =>
    Object.assign(own, {
      send(message: object, _socket: unknown, _options: object, callback: (error: Error | null) => void) {
        const copy: unknown = JSON.parse(JSON.stringify(message))
        setImmediate(() => {
          if (!isCut) other.emit('message', copy)
          callback(isCut ? new Error('closed') : null)
        })
        return true
      },
    })
  return { left: new Link(end(ends[0], ends[1]), left), right: new Link(end(ends[1], ends[0]), right), cut: () => (isCut = true) }
}

describe('a link between two processes', () => {
  it('answers questions both ways, many at a time', async () => {
    const { left, right } = channel({ twice: (n) => Number(n) * 2 }, { shout: (text) => `${String(text)}!` })
    const answers = await Promise.all([left.ask('shout', 'a'), right.ask('twice', 4), left.ask('shout', 'b')])
    assert.deepEqual(answers, ['a!', 8, 'b!'])
  })
  it('passes on why a question could not be answered', async () => {
    const { left } = channel({}, { fail: () => Promise.reject(new Error('no disk')) })
    await assert.rejects(left.ask('fail'), /no disk/)
    await assert.rejects(left.ask('nobody knows this'))
  })
  it('leaves nobody waiting when the other side is gone', async () => {
    const { left, cut } = channel({}, { never: () => new Promise(() => {}) })
    const asked = left.ask('never')
    cut()
    left.close('gone')
    await assert.rejects(asked, /gone/)
    await assert.rejects(left.ask('never'), /gone/)
  })
  it('takes no notice of messages that are not its own', async () => {
    const { left, right } = channel({}, { one: () => 1 })
    void right
    assert.equal(await left.ask('one'), 1)
  })
})

describe('a reload of all workers', () => {
  /** Workers that prepare as told; what each judges by is kept. */
  const crewOf = (...prepares: (() => string | null)[]) => {
    const judging = prepares.map(() => 1)
    const prepared = prepares.map(() => 0)
    const told: string[] = []
    const askAll = <T>(name: string, argument: unknown): Promise<readonly T[]> => {
      told.push(name)
      const answers = prepares.map((prepare, i) => {
        if (name === 'prepare') {
          prepared[i] = Number(argument)
          return prepare()
        }
        if (name === 'commit') judging[i] = prepared[i]!
        return undefined
      })
      return Promise.resolve(answers as T[])
    }
    return { askAll, judging, told }
  }

  it('takes effect everywhere once all could build it', async () => {
    const crew = crewOf(
      () => null,
      () => null,
    )
    const together = new TogetherReload(crew)
    assert.deepEqual(await together.reload(), { ok: true, generation: 2, error: null })
    assert.deepEqual(crew.judging, [2, 2])
  })
  it('says which generation takes effect, for a worker that was not there to prepare', async () => {
    const committed: unknown[] = []
    const askAll = <T>(name: string, argument: unknown): Promise<readonly T[]> => {
      if (name === 'commit') committed.push(argument)
      return Promise.resolve([])
    }
    const together = new TogetherReload({ askAll })
    await together.reload()
    await together.reload()
    assert.deepEqual(committed, [2, 3])
  })
  it('takes effect nowhere when one could not', async () => {
    const crew = crewOf(
      () => null,
      () => 'P101',
    )
    const together = new TogetherReload(crew)
    assert.deepEqual(await together.reload(), { ok: false, generation: 1, error: 'P101' })
    assert.deepEqual(
      [crew.judging, crew.told],
      [
        [1, 1],
        ['prepare', 'refuse'],
      ],
    )
  })
  it('comes one after the other', async () => {
    const crew = crewOf(() => null)
    const together = new TogetherReload(crew)
    const reports = await Promise.all([together.reload(), together.reload()])
    assert.deepEqual(
      reports.map(({ generation }) => generation),
      [2, 3],
    )
    assert.deepEqual(crew.told, ['prepare', 'commit', 'prepare', 'commit'])
  })
})
