// Who gets a connection at the port of all workers, and what becomes of one that nobody gets. Real sockets, workers of the test.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Door, type DoorOptions, type Receipt, type Taker } from '../../../core/cli/cluster/door.ts'
import { until } from '../../support/until.ts'

interface TestTaker extends Taker {
  /** What it was handed and has said nothing about. */
  readonly held: { readonly socket: Socket; say(receipt: Receipt): void; die(): void }[]
  count: number
}

/** Says nothing of its own accord. */
function taker(): TestTaker {
  const held: TestTaker['held'] = []
  const made: TestTaker = {
    held,
    count: 0,
    hand(socket) {
      made.count++
      const { promise, resolve, reject } = Promise.withResolvers<Receipt>()
      held.push({ socket, say: resolve, die: () => reject(new Error('ended')) })
      return promise
    },
    echo: () => new Promise(() => undefined),
  }
  return made
}

const eager = (receipt: () => Receipt): TestTaker => {
  const made: TestTaker = {
    held: [],
    count: 0,
    hand: () => (made.count++, Promise.resolve(receipt())),
    echo: () => Promise.resolve(),
  }
  return made
}

describe('the port of all workers', () => {
  let door: Door
  let port: number
  const clients: Socket[] = []

  async function opened(options: DoorOptions = {}): Promise<Door> {
    door = new Door(options)
    port = (await door.open(0, '127.0.0.1')).port
    return door
  }
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy()
    door.close()
  })

  async function come(count: number): Promise<readonly Socket[]> {
    const came = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    clients.push(...came)
    await Promise.all(came.map((client) => once(client, 'connect')))
    return came
  }

  it('gives each worker one connection at a time, and the next to whoever took its own', async () => {
    await opened()
    const [quick, slow] = [eager(() => 'taken'), taker()]
    door.admit(slow)
    door.admit(quick)
    await come(20)
    await until('all were handed out', () => quick.count + slow.count === 20)
    assert.equal(slow.count, 1)
  })
  it('keeps connections for a worker that comes', async () => {
    await opened()
    await come(3)
    const late = eager(() => 'taken')
    door.admit(late)
    await until('all were handed out', () => late.count === 3)
  })
  it('gives what a worker had in hand when it ended to another, and takes its word for what it took', async () => {
    await opened()
    const [first, second] = [taker(), taker()]
    door.admit(first)
    await come(2)
    await until('one is in hand', () => first.held.length === 1)
    first.held[0]!.say('taken')
    await until('the other too', () => first.held.length === 2)
    assert.ok(first.held[0]!.socket.destroyed, 'the primary lets go of it')
    door.admit(second)
    first.held[1]!.die()
    await until('another has it', () => second.held.length === 1)
    assert.equal(second.held[0]!.socket, first.held[1]!.socket)
    assert.equal(first.held.length, 2, 'who ended gets no more')
  })
  it('leaves a worker alone that says it is leaving, or was dismissed, and passes on what it gave back', async () => {
    await opened()
    const [leaving, dismissed, staying] = [eager(() => 'leaving'), eager(() => 'taken'), eager(() => 'taken')]
    door.admit(leaving)
    door.admit(dismissed)
    door.dismiss(dismissed)
    await come(4)
    door.admit(staying)
    await until('all were handed out', () => staying.count === 4)
    assert.deepEqual([leaving.count, dismissed.count], [1, 0])
  })
  it('asks after a connection of which a worker says nothing, and gives it to another when it never arrived', async () => {
    await opened({ lookMs: 5 })
    const [silent, other] = [taker(), taker()]
    let answer = (): void => {}
    silent.echo = () => new Promise<void>((resolve) => (answer = resolve))
    door.admit(silent)
    await come(1)
    await until('it is in hand', () => silent.held.length === 1)
    door.admit(other)
    await until('it was asked after', () => (answer(), other.held.length === 1))
    assert.equal(silent.held.length, 1, 'others come first')
  })
  it('closes what waits while nobody takes any, and nothing while the line moves', async () => {
    let now = 0
    let looks = 0
    await opened({ patienceMs: 1000, lookMs: 5, now: () => (looks++, now) })
    const slow = taker()
    door.admit(slow)
    const clients = await come(3)
    let closed = 0
    for (const client of clients) client.resume().once('close', () => closed++)
    for (let turn = 0; turn < 2; turn++) {
      await until('one is in hand', () => slow.held.length === turn + 1)
      now += 900
      slow.held[turn]!.say('taken')
      const before = looks
      await until('it was looked for what waits too long', () => looks > before + 5)
    }
    // Two were taken, and the test lets them go.
    slow.held.slice(0, 2).forEach(({ socket }) => assert.ok(socket.destroyed))
    await until('those were closed, and the third has its turn', () => closed === 2 && slow.held.length === 3)
    const [last] = await come(1)
    let isOver = false
    last!.resume().once('close', () => (isOver = true))
    await until('nobody takes the fourth', () => ((now += 500), isOver))
  })
  it('turns away who waits when it closes, and holds its port no longer', async () => {
    await opened()
    const [client] = await come(1)
    door.close()
    client!.resume()
    await once(client!, 'close')
    const next = new Door()
    await next.open(port, '127.0.0.1')
    await assert.rejects(new Door().open(port, '127.0.0.1'), new RegExp(`^Error: port ${port} on 127.0.0.1 is taken`))
    next.close()
  })
})
