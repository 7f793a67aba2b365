// Workers that die, stand still or take no connections, and how soon there are others. Real processes, which run this file too; the clock of whoever
// looks after them stands still until a test moves it.
import assert from 'node:assert/strict'
import cluster from 'node:cluster'
import { connect, type Socket } from 'node:net'
import { Crew } from '../../../core/cli/cluster/crew.ts'
import { Door } from '../../../core/cli/cluster/door.ts'
import { Link } from '../../../core/cli/cluster/link.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'
import { until } from '../../support/until.ts'

const BEAT_MS = 5000
/** Tells a worker that it takes no connections. */
const TAKES_NONE = 'SALLYPORT_TEST_TAKES_NONE'
/** Tells a worker that it never serves: `idle`, `working`, or `frozen`, which answers nothing. */
const HANGS = 'SALLYPORT_TEST_HANGS'

/** Says each answer before it says that it has answered. */
async function serveTest(): Promise<void> {
  const answered = (name: string): void => void setImmediate(() => void primary.ask('answered', name))
  const primary: Link = new Link(process as Required<Pick<NodeJS.Process, 'send'>> & NodeJS.Process, {
    echo: () => answered('echo'),
    pid: () => (answered('pid'), process.pid),
    connection: (_, socket) => {
      if (process.env[TAKES_NONE]) throw new Error('no room')
      socket!.end(String(process.pid))
      return 'taken'
    },
    worked: () => (answered('worked'), process.env[HANGS] === 'working' ? (workedMs += 1500) : 1500),
    stop: () => process.exit(0),
  })
  let workedMs = 0
  if (process.env[HANGS] === 'frozen') process.kill(process.pid, 'SIGSTOP')
  if (!process.env[HANGS]) await primary.ask('ready')
}

/** Mocha is not there in a worker. */
const inTest = cluster.isWorker ? (): void => void serveTest() : describe

inTest('the workers of a host', function () {
  this.timeout(60_000)
  let crew: Crew
  let door: Door
  let clock: ManualClock
  let log: ReturnType<typeof silentLog>
  let answers: string[]
  let heard: number
  /** How many ran when the first had started. */
  let runningAtFirst: number

  beforeEach(() => {
    cluster.setupPrimary({ exec: import.meta.filename, args: [] })
    clock = new ManualClock()
    log = silentLog()
    answers = []
    heard = 0
    door = new Door()
  })
  afterEach(async () => {
    for (const pid of crew.pids) process.kill(pid, 'SIGCONT')
    door.close()
    await crew.stop()
    delete process.env[TAKES_NONE]
    delete process.env[HANGS]
  })

  /** Moves the clock, one look at a worker that starts after the other, each of which it answers. */
  async function look(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const wanted = said('worked') + 1
      clock.advance(BEAT_MS)
      await until('it has answered', () => said('worked') === wanted)
    }
  }
  async function start(size: number): Promise<void> {
    const handlers = { answered: (name: unknown) => void answers.push(String(name)) }
    const told = async (): Promise<void> => void (heard++ === 0 && (runningAtFirst = crew.running))
    crew = new Crew({ size, log, clock, door, handlers, generation: () => 1, drainMs: () => 1000, heard: told })
    await crew.start()
  }
  const said = (name: string): number => answers.filter((other) => other === name).length
  /** One more beat, to which so many answer. */
  async function beat(count: number, ms = BEAT_MS): Promise<void> {
    const wanted = said('echo') + count
    clock.advance(ms)
    await until('all that live have answered', () => said('echo') === wanted)
  }
  const kill = (pids: readonly number[]): void => {
    for (const pid of pids) process.kill(pid, 'SIGKILL')
  }
  const replaced = (before: readonly number[], size: number): Promise<void> =>
    until(
      'there are as many as before',
      () => heard === size + before.length && crew.pids.length === size && !crew.pids.some((pid) => before.includes(pid)),
    )

  it('leave out of their answers the one that stands still, and say which', async () => {
    await start(3)
    const [still, ...others] = crew.pids as [number, ...number[]]
    process.kill(still, 'SIGSTOP')
    const asked = crew.askAll<number>('pid', null, 1000)
    await until('the others have answered', () => said('pid') === 2)
    clock.advance(1000)
    assert.deepEqual(await asked, { given: others, silent: [still] })
  })
  it('are ended and replaced when they stand still for half a minute, and no others', async () => {
    await start(2)
    const [still, other] = crew.pids as [number, number]
    process.kill(still, 'SIGSTOP')
    for (let i = 0; i < 6; i++) await beat(1)
    assert.deepEqual(crew.pids, [still, other])
    await beat(1)
    await until('it was replaced', () => heard === 3 && crew.pids.length === 2 && !crew.pids.includes(still))
    assert.ok(crew.pids.includes(other))
    assert.deepEqual(log.lines, ['a worker stands still; ending it', 'a worker ended; starting another'])
  })
  it('are not ended when the whole machine stood still, nor when they were slow to answer', async () => {
    await start(2)
    const before = crew.pids
    await beat(2)
    await beat(2, 600_000)
    for (const pid of before) process.kill(pid, 'SIGSTOP')
    for (let i = 0; i < 5; i++) await beat(0)
    for (const pid of before) process.kill(pid, 'SIGCONT')
    await until('all beats were answered', () => said('echo') === 14)
    for (let i = 0; i < 7; i++) await beat(2)
    assert.deepEqual([crew.pids, log.lines], [before, []])
    assert.equal(heard, 4, 'at the start, and after a silence')
  })
  it('are all replaced at once when all die in one moment', async () => {
    await start(3)
    const before = crew.pids
    kill(before)
    await replaced(before, 3)
    await until('who has started counts', () => crew.running === 3)
    assert.equal(runningAtFirst, 0, 'who starts does not')
  })
  it('are replaced after a pause when they die again soon, each for itself', async () => {
    await start(2)
    const [one, other] = crew.pids as [number, number]
    kill([one])
    await until('it was replaced', () => heard === 3)
    kill(crew.pids.filter((pid) => pid !== other))
    await until('its end was told', () => log.lines.length === 2)
    assert.deepEqual(crew.pids, [other])
    kill([other])
    await until('the other was replaced at once', () => heard === 4)
    assert.equal(crew.pids.length, 1)
    clock.advance(200)
    await until('and the one after its pause', () => heard === 5)
    assert.equal(crew.pids.length, 2)
  })
  it('are given up at the first start when they hang, and the operator is told', async () => {
    process.env[HANGS] = 'idle'
    const started = start(1)
    const rejected = assert.rejects(started, /a worker hung while it started: for 120 s it neither worked nor served/)
    // Two: what it had worked until the first counts.
    await look(25)
    assert.equal(crew.pids.length, 1)
    clock.advance(BEAT_MS)
    await rejected
    assert.deepEqual(crew.pids, [])
  })
  it('may take as long to start as they work', async () => {
    process.env[HANGS] = 'working'
    const started = start(1)
    const rejected = assert.rejects(started, /ended with SIGTERM before it served/)
    await look(100)
    for (const pid of crew.pids) process.kill(pid, 'SIGTERM')
    await rejected
  })
  it('are ended and started again when they hang in place of one that died', async () => {
    await start(1)
    const before = crew.pids
    process.env[HANGS] = 'frozen'
    kill(before)
    await until('another starts', () => crew.pids.length === 1 && !before.includes(crew.pids[0]!))
    for (let i = 0; i < 24; i++) clock.advance(BEAT_MS)
    assert.equal(log.lines.length, 1)
    delete process.env[HANGS]
    clock.advance(BEAT_MS)
    await until('it was given up', () => log.lines.includes('a worker does not start; trying again'))
    clock.advance(200)
    await until('and followed by one that serves', () => crew.running === 1)
  })
  it('are replaced when they live and take no connections, and whoever came is answered by the next', async () => {
    process.env[TAKES_NONE] = 'yes'
    await start(1)
    delete process.env[TAKES_NONE]
    const [useless] = crew.pids
    const { port } = await door.open(0, '127.0.0.1')
    const answered = answerOf(connect(port, '127.0.0.1'))
    await until('it was looked after', () => (clock.advance(100), log.lines.length > 0))
    assert.deepEqual(log.lines, ['a worker cannot take connections; ending it and starting another'])
    const by = Number(await answered)
    assert.notEqual(by, useless)
    await until('the useless one has ended', () => crew.pids.length === 1)
    assert.deepEqual(crew.pids, [by])
  })
})

async function answerOf(socket: Socket): Promise<string> {
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}
