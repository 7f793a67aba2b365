// What holds workers together: questions over a channel, and reloads that all of them make or none.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { Link, Silence, type Handlers } from '../../../core/cli/cluster/link.ts'
import { ManualClock } from '../state/manual-clock.ts'
import { TogetherReload } from '../../../core/cli/cluster/reload.ts'
import type { Answers } from '../../../core/cli/cluster/crew.ts'

/** Two ends of a channel that copies messages as JSON, as Node's does. */
function channel(left: Handlers, right: Handlers, clock = new ManualClock()): { readonly left: Link; readonly right: Link; cut(): void } {
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
  return { left: new Link(end(ends[0], ends[1]), left, clock), right: new Link(end(ends[1], ends[0]), right), cut: () => (isCut = true) }
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
  it('waits no longer than it was told for an answer, and takes no notice of one that comes later', async () => {
    const clock = new ManualClock()
    const late = Promise.withResolvers<string>()
    const { left } = channel({}, { slow: () => late.promise, quick: () => 'quick' }, clock)
    const asked = left.askWithin(1000, 'slow')
    assert.equal(await left.askWithin(1000, 'quick'), 'quick')
    clock.advance(1000)
    await assert.rejects(asked, Silence)
    late.resolve('late')
    assert.equal(await left.ask('quick'), 'quick')
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
    const askAll = <T>(name: string, argument: unknown): Promise<Answers<T>> => {
      told.push(name)
      const answers = prepares.map((prepare, i) => {
        if (name === 'prepare') {
          prepared[i] = Number(argument)
          return prepare()
        }
        if (name === 'commit') judging[i] = prepared[i]!
        return undefined
      })
      return Promise.resolve({ given: answers as T[], silent: [] })
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
    const askAll = <T>(name: string, argument: unknown): Promise<Answers<T>> => {
      if (name === 'commit') committed.push(argument)
      return Promise.resolve({ given: [null as T], silent: [] })
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
        ['echo', 'prepare', 'refuse'],
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
    assert.deepEqual(crew.told, ['echo', 'prepare', 'commit', 'echo', 'prepare', 'commit'])
  })

  /** Who answers what, at this moment. */
  const answering = (answers: () => { readonly [question: string]: Answers<unknown> }) => {
    const told: string[] = []
    const askAll = <T>(name: string): Promise<Answers<T>> => {
      told.push(name)
      return Promise.resolve((answers()[name] ?? { given: [null], silent: [] }) as Answers<T>)
    }
    return { together: new TogetherReload({ askAll }), told }
  }
  const nobody = { given: [], silent: [] }

  it('is refused when no worker serves that could look at the files, and owed until one does', async () => {
    let answers: { readonly [question: string]: Answers<unknown> } = { echo: nobody, prepare: nobody, commit: nobody }
    const { together } = answering(() => answers)
    const { ok, generation, error } = await together.reload()
    assert.deepEqual([ok, generation, together.generation, together.isOwed], [false, 1, 1, true])
    assert.match(error!, /no worker serves, so nobody could check the files/)
    answers = { prepare: nobody }
    assert.equal((await together.reload()).ok, false, 'those that were there ended meanwhile')
    assert.equal(together.isOwed, true)
    answers = {}
    assert.deepEqual(await together.reload(), { ok: true, generation: 2, error: null })
    assert.equal(together.isOwed, false)
  })
  it('is refused with the process that says nothing, without asking the others to build, and owed until it speaks', async () => {
    const { together, told } = answering(() => ({ echo: { given: [null], silent: [4711] } }))
    const { ok, error } = await together.reload()
    assert.deepEqual([ok, together.isOwed, told], [false, true, ['echo', 'refuse']])
    assert.match(error!, /^worker 4711 said nothing for 10 s; nothing was changed/)
  })
  it('is refused with the processes that do not come to an end with it, and not owed', async () => {
    const { together, told } = answering(() => ({ prepare: { given: [null], silent: [1, 2] } }))
    const { ok, generation, error } = await together.reload()
    assert.deepEqual([ok, generation, together.isOwed, told], [false, 1, false, ['echo', 'prepare', 'refuse']])
    assert.match(error!, /^workers 1, 2 did not build it in 120 s/)
  })
  it('tells what took effect last, also when nobody can be asked', async () => {
    const [old, next] = [
      { policies: 'a', config: 'a' },
      { policies: 'b', config: 'a' },
    ]
    let answers: { readonly [question: string]: Answers<unknown> } = { judging: nobody }
    const { together } = answering(() => answers)
    assert.equal(await together.judging(), null)
    answers = { judging: { given: [old], silent: [] } }
    assert.equal(await together.judging(), old)
    answers = { judging: nobody, echo: nobody }
    await together.reload()
    assert.equal(await together.judging(), old)
    answers = { commit: { given: [next], silent: [] } }
    await together.reload()
    assert.equal(await together.judging(), next)
  })
})
